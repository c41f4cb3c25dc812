import { FrameError } from './frame-error.ts';
import type { NativeBuffer } from './native-buffer.ts';

const VARINT = 0;
const FIXED64 = 1;
const BLOCK = 2;
const FIXED32 = 5;

/** Reads the fields of a frame, one after the other. Everything throws a FrameError where the bytes end too early or say nonsense. */
export class WireReader {
  readonly bytes: NativeBuffer;
  /** Where the next byte is. */
  at = 0;
  /** Where the block ends that is read. */
  end: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes as NativeBuffer;
    this.end = bytes.length;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** The next field's number and wire type, or the value of a number: up to 32 bits. */
  number(): number {
    const { bytes, end } = this;
    let { at } = this;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw new FrameError('the frame ends inside a number');
      const byte = bytes[at++] as number;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 28 && byte > 0x0f) break;
        this.at = at;
        return value >>> 0;
      }
    }
    throw new FrameError('a number is out of range');
  }

  /** The length of the block that begins here; `at` is on its first byte. */
  length(): number {
    const length = this.number();
    if (length > this.end - this.at) throw new FrameError('the frame ends inside a field');
    return length;
  }

  /** Enters a block. Gives where the one ends that it is in, for `leave`. */
  enter(): number {
    const outer = this.end;
    const length = this.length();
    this.end = this.at + length;
    return outer;
  }

  leave(outer: number): void {
    this.end = outer;
  }

  /** Text of a byte a character. */
  ascii(): string {
    const length = this.length();
    return this.bytes.latin1Slice(this.at, (this.at += length));
  }

  /** Text in UTF-8. */
  text(): string {
    const length = this.length();
    return this.bytes.utf8Slice(this.at, (this.at += length));
  }

  /** Bytes in place. */
  block(): Buffer {
    const length = this.length();
    return this.bytes.subarray(this.at, (this.at += length));
  }

  /** Passes over a field that nobody here knows: a later version has it. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (tag >>> 3 === 0) throw new FrameError('a field has no number');
    if (wireType === VARINT) this.#skipVarint();
    else if (wireType === BLOCK) this.#skipBytes(this.length());
    else if (wireType === FIXED64) this.#skipBytes(8);
    else if (wireType === FIXED32) this.#skipBytes(4);
    else throw new FrameError('a field is of no known kind');
  }

  #skipVarint(): void {
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.end) throw new FrameError('the frame ends inside a number');
      if ((this.bytes[this.at++] as number) < 0x80) return;
    }
    throw new FrameError('a number is out of range');
  }

  #skipBytes(count: number): void {
    if (this.end - this.at < count) throw new FrameError('the frame ends inside a field');
    this.at += count;
  }
}
