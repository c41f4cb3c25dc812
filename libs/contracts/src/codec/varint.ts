import { scratch } from './scratch.ts';

/** Writes an unsigned number of 32 bits in 1 to 5 bytes: seven bits each, the lowest first. Returns where it ends. */
export function putVarint32(buffer: Buffer, at: number, value: number): number {
  while (value > 0x7f) {
    buffer[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  buffer[at++] = value;
  return at;
}

/** The same with the 64 bits that are in the scratch bytes: 1 to 10 bytes. */
export function putVarint64(buffer: Buffer, at: number): number {
  let low = scratch.getInt32(0, true);
  let high = scratch.getInt32(4, true);
  while (high !== 0 || low >>> 0 > 0x7f) {
    buffer[at++] = (low & 0x7f) | 0x80;
    low = (low >>> 7) | (high << 25);
    high >>>= 7;
  }
  buffer[at++] = low;
  return at;
}
