import type { ByteWriter } from '@millrace/contracts';
import type { NativeBuffer } from './native-buffer.ts';

/** The most that a number takes, with its tag. */
export const NUMBER_BYTES = 7;
/** How much room the length of a block is given: enough for 2 MiB. A shorter one fills it with zeros, as protobuf's varints may. */
const LENGTH_BYTES = 3;

/** Below this writing characters one by one is faster than to call what writes them all. */
const SHORT = 24;

/** The first byte of a field: number and wire type. Numbers up to 15. */
export const numberTag = (field: number): number => field << 3;
export const blockTag = (field: number): number => (field << 3) | 2;

/** A varint of up to 32 bits, where there is room for it. */
function putVarint(to: ByteWriter, value: number): void {
  const { buffer } = to;
  let at = to.length;
  while (value > 0x7f) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  to.length = at;
}

/** A field that is a number of up to 32 bits. */
export function writeNumber(to: ByteWriter, tag: number, value: number): void {
  to.reserve(NUMBER_BYTES);
  to.buffer[to.length++] = tag;
  putVarint(to, value);
}

/** A field of characters up to U+00FF, a byte each. */
export function writeAscii(to: ByteWriter, tag: number, text: string): void {
  const { length } = text;
  to.reserve(NUMBER_BYTES + length);
  to.buffer[to.length++] = tag;
  putVarint(to, length);
  const buffer = to.buffer as NativeBuffer;
  if (length > SHORT) to.length += buffer.latin1Write(text, to.length, length);
  else for (let index = 0; index < length; index++) buffer[to.length++] = text.charCodeAt(index);
}

/** A field of bytes. */
export function writeBytes(to: ByteWriter, tag: number, bytes: Uint8Array): void {
  to.reserve(NUMBER_BYTES + bytes.length);
  to.buffer[to.length++] = tag;
  putVarint(to, bytes.length);
  to.buffer.set(bytes, to.length);
  to.length += bytes.length;
}

/** Begins a field that holds others. Gives where it begins, for `endBlock`. */
export function beginBlock(to: ByteWriter, tag: number): number {
  to.reserve(1 + LENGTH_BYTES);
  to.buffer[to.length] = tag;
  to.length += 1 + LENGTH_BYTES;
  return to.length;
}

/** Its length is known now. At most 2 MiB. */
export function endBlock(to: ByteWriter, begin: number): void {
  const length = to.length - begin;
  const { buffer } = to;
  buffer[begin - 3] = (length & 0x7f) | 0x80;
  buffer[begin - 2] = ((length >>> 7) & 0x7f) | 0x80;
  buffer[begin - 1] = length >>> 14;
}
