import { ByteWriter } from './byte-writer.ts';

/** Large enough that few messages begin a new one, small enough that a message that is kept keeps little else. */
const SLAB_BYTES = 16_384;
/** With less left, a new one is begun. */
const LEAST_BYTES = 1_024;

type Write = (message: unknown, to: ByteWriter) => void;

/**
 * Cuts the bytes of messages from a shared piece of memory, as Node does for small buffers: to allocate each apart takes longer than to encode
 * it. What was handed out is never written again.
 */
export class Slab {
  /** Undefined while in use: a getter of a message can encode another message. */
  #rest: ByteWriter | undefined;

  /** The bytes that `write` writes of the message. A message that is larger than the rest gets memory of its own. */
  cut(message: unknown, write: Write): Buffer {
    const to = this.#take();
    const { buffer, length } = to;
    write(message, to);
    // Where that throws or needs more memory, the rest of the slab is given up.
    if (to.buffer === buffer) this.#rest = to;
    return to.buffer.subarray(length, to.length);
  }

  #take(): ByteWriter {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest && rest.buffer.length - rest.length >= LEAST_BYTES) return rest;
    return new ByteWriter(Buffer.allocUnsafeSlow(SLAB_BYTES));
  }
}
