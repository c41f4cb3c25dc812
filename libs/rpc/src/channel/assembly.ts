import { FrameError } from './frame-error.ts';
import { CHUNK_BYTES } from './long-payloads.ts';
import { blockTag, numberTag } from './wire-writer.ts';
import type { WireReader } from './wire-reader.ts';

const ID = numberTag(1);
const DATA = blockTag(2);

/** A long payload that comes in pieces. They are copied: small ones would cost far more than they hold. */
export class Assembly {
  readonly totalBytes: number;
  #whole: Buffer | undefined;
  #bytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  /** Takes the next piece. Gives the whole when it is the last one. */
  add(data: Buffer): Buffer | undefined {
    if (this.#bytes + data.length > this.totalBytes) throw new FrameError('more chunks than were announced');
    this.#whole ??= Buffer.allocUnsafeSlow(this.totalBytes);
    this.#whole.set(data, this.#bytes);
    this.#bytes += data.length;
    return this.#bytes === this.totalBytes ? this.#whole : undefined;
  }
}

/** Reads the chunk that is next. */
export function readChunk(from: WireReader): { readonly id: number; readonly data: Buffer } {
  const outer = from.enter();
  let id = 0;
  let data: Buffer | undefined;
  while (from.more) {
    const tag = from.number();
    if (tag === ID) id = from.number();
    else if (tag === DATA) data = from.block();
    else from.skip(tag);
  }
  from.leave(outer);
  if (!data || data.length === 0) throw new FrameError('a chunk is empty');
  if (data.length > CHUNK_BYTES) throw new FrameError('a chunk is too long');
  return { id, data };
}
