import { listMetadata, type ReadonlyMetadata } from '../metadata.ts';
import { Code } from '../status.ts';
import { FrameError } from './frame-error.ts';
import { LONGEST_REMEMBERED, PAIR_BYTES } from './metadata-writer.ts';
import { blockTag, numberTag } from './wire-writer.ts';
import type { WireReader } from './wire-reader.ts';

type Pair = readonly [key: string, value: string | Uint8Array];

const KEY = blockTag(1);
const TEXT = blockTag(2);
const BINARY = blockTag(3);
const SLOT = numberTag(4);

const LEGAL_KEY = /^[0-9a-z_.-]+$/;
const LEGAL_TEXT = /^[ -~]*$/;

/** Reads metadata out of frames, and remembers what it is told to. */
export class MetadataReader {
  readonly #slots: number;
  readonly #maxBytes: number;
  readonly #known: (Pair | undefined)[] = [];

  /** `slots` is how many pairs it remembers, `maxBytes` the most that a call or reply may have, both at most. */
  constructor(slots: number, maxBytes: number) {
    this.#slots = slots;
    this.#maxBytes = maxBytes;
  }

  /** The pairs of one call or reply, to be filled. */
  list(): MetadataList {
    return new MetadataList(this.#maxBytes);
  }

  /** Reads the entry that is next. */
  entry(from: WireReader): Pair {
    const outer = from.enter();
    let key = '';
    let value: string | Uint8Array = '';
    let slot = 0;
    while (from.more) {
      const tag = from.number();
      if (tag === KEY) key = from.ascii();
      else if (tag === TEXT) value = from.ascii();
      // A copy: the frame would live as long as the metadata.
      else if (tag === BINARY) value = Uint8Array.from(from.block());
      else if (tag === SLOT) slot = from.number();
      else from.skip(tag);
    }
    from.leave(outer);
    const pair = checked(key, value);
    if (slot > 0) this.#remember(slot, pair);
    return pair;
  }

  /** The pair that a slot holds. */
  known(slot: number): Pair {
    const pair = this.#known[slot];
    if (!pair) throw new FrameError('metadata that was never sent');
    return pair;
  }

  #remember(slot: number, pair: Pair): void {
    if (slot > this.#slots || typeof pair[1] !== 'string' || pair[1].length > LONGEST_REMEMBERED) {
      throw new FrameError('metadata that cannot be remembered');
    }
    this.#known[slot] = pair;
  }
}

/** As `Metadata` of gRPC would have it. */
function checked(key: string, value: string | Uint8Array): Pair {
  const isText = typeof value === 'string';
  if (!LEGAL_KEY.test(key) || isText === key.endsWith('-bin') || (isText && !LEGAL_TEXT.test(value))) {
    throw new FrameError('metadata that is not valid');
  }
  return [key, value];
}

/** The pairs of one call or reply. */
export class MetadataList {
  readonly #maxBytes: number;
  #bytes = 0;
  #pairs: Pair[] | undefined;

  /** Of its keys and values, by HTTP/2's count. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Throws where there is too much. */
  add(pair: Pair): void {
    this.#bytes += pair[0].length + pair[1].length + PAIR_BYTES;
    if (this.#bytes > this.#maxBytes) throw new FrameError('too much metadata', Code.RESOURCE_EXHAUSTED);
    (this.#pairs ??= []).push(pair);
  }

  /** Throws where the text is none that a header can have. */
  addText(key: string, text: string): void {
    this.add(checked(key, text));
  }

  list(): ReadonlyMetadata {
    return listMetadata(this.#pairs ?? []);
  }
}
