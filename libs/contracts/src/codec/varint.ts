import type { ByteWriter } from './byte-writer.ts';

/** Writes an unsigned number of 32 bits in 1 to 5 bytes: seven bits each, the lowest first. */
export function writeVarint32(to: ByteWriter, value: number): void {
  to.reserve(5);
  const { buffer } = to;
  let at = to.length;
  while (value > 0x7f) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  to.length = at;
}

/** The same with 64 bits, given as two halves: 1 to 10 bytes. */
export function writeVarint64(to: ByteWriter, low: number, high: number): void {
  to.reserve(10);
  const { buffer } = to;
  let at = to.length;
  while (high !== 0 || low >>> 0 > 0x7f) {
    buffer[at++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>>= 7;
  }
  buffer[at++] = low;
  to.length = at;
}
