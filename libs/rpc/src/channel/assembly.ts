import { FrameError } from './frame-error.ts';
import { CHUNK_BYTES } from './long-payloads.ts';
import { blockTag, numberTag } from './wire-writer.ts';
import type { WireReader } from './wire-reader.ts';

const ID = numberTag(1);
const DATA = blockTag(2);

/** A long payload that comes in pieces. */
export class Assembly {
  readonly totalBytes: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  /** Takes the next piece. Gives the whole when it is the last one. */
  add(data: Buffer): Buffer | undefined {
    this.#bytes += data.length;
    if (this.#bytes > this.totalBytes) throw new FrameError('more chunks than were announced');
    this.#pieces.push(data);
    return this.#bytes === this.totalBytes ? Buffer.concat(this.#pieces) : undefined;
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
