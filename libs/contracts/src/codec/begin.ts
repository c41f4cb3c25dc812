import type { ByteWriter } from './byte-writer.ts';
import { putVarint32 } from './varint.ts';

/** A field, as those see it that write its values. */
export interface WireField {
  /** What stands before each value: number and framing. 0 within a packed list, where nothing does. */
  readonly tag: number;
  /** For errors: `shop.order.v1.Order.id`. */
  readonly name: string;
}

const TAG_BYTES = 5;

/** Writes the tag, and makes room for so many bytes more. Returns where these begin. */
export function begin(to: ByteWriter, tag: number, room: number): number {
  to.reserve(TAG_BYTES + room);
  const { buffer, length } = to;
  if (tag > 0x7f) return putVarint32(buffer, length, tag);
  if (tag === 0) return length;
  buffer[length] = tag;
  return length + 1;
}
