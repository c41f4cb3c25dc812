import { WireType } from '@bufbuild/protobuf/wire';

/** How many messages may be in one another, the outermost with them: as in protobuf-es, and in most of protobuf's libraries. */
const DEEPEST = 100;

/** Up to here bytes are copied faster one by one. Measured. */
const LOOP_BYTES = 32;

/** Throws: the bytes are no message. */
export function malformed(why: string): never {
  throw new Error(`malformed message: ${why}`);
}

/**
 * Reads one message's bytes from front to back, and never beyond `end`, which is where the message ends that is being read: no field of a message
 * inside another reaches out of it.
 */
export class ByteReader {
  readonly bytes: Buffer;
  position = 0;
  end: number;
  /** The halves of the number that `varint64` has read, as signed numbers. */
  low = 0;
  high = 0;
  #depth = 1;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
  }

  /** A tag or a length: at most 5 bytes, at most 32 bits. */
  uint32(): number {
    const start = this.position;
    const number = this.varint32() >>> 0;
    const count = this.position - start;
    if (count > 5 || (count === 5 && this.high !== 0)) malformed('a tag or length of more than 32 bits');
    return number;
  }

  /** The low 32 bits of a number, which can have been written with 64. */
  varint32(): number {
    const { position } = this;
    if (position < this.end) {
      const byte = this.bytes[position] as number;
      if (byte < 0x80) {
        this.position = position + 1;
        return byte;
      }
    }
    this.varint64();
    return this.low;
  }

  /** A number of at most 64 bits, into `low` and `high`. */
  varint64(): void {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    let { position } = this;
    const last = Math.min(this.end, position + 10);
    for (let shift = 0; position < last; shift += 7) {
      const byte = bytes[position++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.position = position;
        this.low = low;
        this.high = high;
        return;
      }
    }
    malformed(last === this.end ? 'it ends inside a number' : 'a number of more than 10 bytes');
  }

  /** Goes over so many bytes and returns where they begin. */
  take(count: number): number {
    const { position } = this;
    if (count > this.end - position) malformed('it ends inside a field');
    this.position = position + count;
    return position;
  }

  /**
   * So many bytes, in memory of their own. protobuf-es gives a view of what it reads: a field that is kept would keep the whole frame in which
   * its message came, and would change with memory that is used again.
   */
  copy(count: number): Uint8Array {
    const start = this.take(count);
    const copy = new Uint8Array(count);
    if (count > LOOP_BYTES) copy.set(this.bytes.subarray(start, start + count));
    else for (let index = 0; index < count; index++) copy[index] = this.bytes[start + index] as number;
    return copy;
  }

  /** A number of four bytes, signed. */
  fixed32(): number {
    const at = this.take(4);
    const { bytes } = this;
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }

  /** Reads a length and goes into what is so long. Returns the `end` to be set after it. */
  bound(): number {
    const length = this.uint32();
    const outer = this.end;
    if (length > outer - this.position) malformed('it ends inside a field');
    this.end = this.position + length;
    return outer;
  }

  /** Into a message inside this one. */
  descend(): void {
    if (++this.#depth > DEEPEST) malformed(`more than ${DEEPEST} messages in one another`);
  }

  /** Back out of it. */
  ascend(): void {
    this.#depth--;
  }

  /** Goes over the value that belongs to the tag, whatever it is. */
  skip(tag: number): void {
    if (tag >>> 3 === 0) malformed('a field without a number');
    switch (tag & 7) {
      case WireType.Varint:
        return this.varint64();
      case WireType.Bit64:
        return void this.take(8);
      case WireType.LengthDelimited:
        return void this.take(this.uint32());
      case WireType.StartGroup:
        return this.#skipGroup(tag + 1);
      case WireType.Bit32:
        return void this.take(4);
      default:
        malformed('a group that ends without a start, or what is no type');
    }
  }

  /** The tag of a group's end is the next after that of its start. */
  #skipGroup(endTag: number): void {
    this.descend();
    for (;;) {
      const tag = this.uint32();
      if (tag === endTag) break;
      this.skip(tag);
    }
    this.ascend();
  }
}
