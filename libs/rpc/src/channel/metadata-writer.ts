import type { ByteWriter } from '@millrace/contracts';
import { checkMetadata, isReserved } from '../grpc-metadata.ts';
import { NO_METADATA, type ReadonlyMetadata } from '../metadata.ts';
import { Code, RpcError } from '../status.ts';
import { TIMEOUT_KEY } from '../wire.ts';
import {
  beginBlock,
  blockTag,
  endBlock,
  numberTag,
  writeAscii,
  writeBytes,
  writeNumber,
} from './wire-writer.ts';

const KEY = blockTag(1);
const TEXT = blockTag(2);
const BINARY = blockTag(3);
const SLOT = numberTag(4);

/** Longer values are not remembered. */
export const LONGEST_REMEMBERED = 1_024;

/** Where the parts of metadata go in a call or a reply. */
export interface MetadataTags {
  readonly entry: number;
  /** Of what the other end knows already. */
  readonly known?: number;
  /** Of the trace context, where it has a field of its own. */
  readonly traceparent?: number;
}

/** What HTTP/2 counts for a pair beside its characters. */
export const PAIR_BYTES = 32;

function tooMuch(maxBytes: number): RpcError {
  return new RpcError(Code.RESOURCE_EXHAUSTED, `metadata is longer than ${maxBytes} bytes`, {
    sent: 'never',
  });
}

/**
 * Writes metadata into frames. The other end remembers the last texts, as many as it has slots for, and what it knows goes as a number: a
 * token of several hundred characters is the same for many calls.
 */
export class MetadataWriter {
  readonly #slots: number;
  readonly #maxBytes: number;
  /** What is in each slot; the first is 1. */
  readonly #keys: string[] = [];
  readonly #values: string[] = [];
  readonly #slotOf = new Map<string, number>();
  #next = 1;
  /** Given out by the last write. */
  #fresh: number[] = [];

  /** `slots` is how many the other end has, `maxBytes` the most that one call or reply may have, by HTTP/2's count. */
  constructor(slots: number, maxBytes: number) {
    this.#slots = slots;
    this.#maxBytes = maxBytes;
  }

  /**
   * Throws INVALID_ARGUMENT for what gRPC cannot carry, RESOURCE_EXHAUSTED for too much of it; what was written by then is to be taken
   * back.
   */
  write(to: ByteWriter, metadata: ReadonlyMetadata, tags: MetadataTags): void {
    if (this.#fresh.length > 0) this.#fresh = [];
    if (metadata === NO_METADATA) return;
    let bytes = 0;
    for (const pair of metadata.entries()) {
      bytes += pair[0].length + pair[1].length + PAIR_BYTES;
      if (bytes > this.#maxBytes) throw tooMuch(this.#maxBytes);
      this.#writePair(to, tags, pair);
    }
  }

  /** The last write will not be sent: what it was to make known is not known. */
  takeBack(): void {
    for (const slot of this.#fresh) this.#forget(slot);
    this.#fresh = [];
  }

  #writePair(to: ByteWriter, tags: MetadataTags, [key, value]: readonly [string, string | Uint8Array]): void {
    if (typeof value === 'string' && tags.known !== undefined) {
      const slot = this.#slotOf.get(value);
      if (slot !== undefined && this.#keys[slot] === key) {
        writeNumber(to, tags.known, slot);
        return;
      }
    }
    if (isReserved(key) || key === TIMEOUT_KEY) return;
    checkMetadata(key, value);
    if (key === 'traceparent' && tags.traceparent !== undefined) {
      writeAscii(to, tags.traceparent, (value as string).trim());
      return;
    }
    const entry = beginBlock(to, tags.entry);
    writeAscii(to, KEY, key);
    if (typeof value !== 'string') writeBytes(to, BINARY, value);
    else {
      // As HTTP/2, which carries no spaces around a text.
      writeAscii(to, TEXT, value.trim());
      if (tags.known !== undefined && value.length <= LONGEST_REMEMBERED && this.#slots > 0) {
        writeNumber(to, SLOT, this.#remember(key, value));
      }
    }
    endBlock(to, entry);
  }

  #remember(key: string, value: string): number {
    const slot = this.#next;
    this.#next = slot === this.#slots ? 1 : slot + 1;
    this.#forget(slot);
    this.#keys[slot] = key;
    this.#values[slot] = value;
    this.#slotOf.set(value, slot);
    this.#fresh.push(slot);
    return slot;
  }

  #forget(slot: number): void {
    const value = this.#values[slot];
    if (value !== undefined && this.#slotOf.get(value) === slot) this.#slotOf.delete(value);
  }
}
