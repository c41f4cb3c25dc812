const SMALLEST_BYTES = 256;

/** Bytes that are written one after the other, into memory that grows. */
export class ByteWriter {
  /** What is written is in its first `length` bytes. Another one whenever it has to grow. */
  buffer: Buffer;
  /** How much is written. Set it back to take back what came after. */
  length = 0;

  constructor(buffer = Buffer.allocUnsafe(SMALLEST_BYTES)) {
    this.buffer = buffer;
  }

  /** Makes room for so many bytes more. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.buffer.length) this.#grow(needed);
  }

  /** What is written, in place: valid until the next write. */
  written(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
