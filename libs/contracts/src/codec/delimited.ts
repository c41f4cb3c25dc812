import { begin } from './begin.ts';
import type { ByteWriter } from './byte-writer.ts';
import { putVarint32 } from './varint.ts';

/** Writes the tag, and leaves one byte for the length of what comes next. Returns where that begins, for `close`. */
export function open(to: ByteWriter, tag: number): number {
  to.length = begin(to, tag, 1) + 1;
  return to.length;
}

/** Writes the length of what came since `open`. More than 127 bytes are moved to make room for a longer length: cheaper than to measure all before. */
export function close(to: ByteWriter, start: number): void {
  const length = to.length - start;
  if (length <= 0x7f) to.buffer[start - 1] = length;
  else moveAndClose(to, start, length);
}

function moveAndClose(to: ByteWriter, start: number, length: number): void {
  const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : length < 2 ** 28 ? 3 : 4;
  to.reserve(more);
  to.buffer.copyWithin(start + more, start, to.length);
  putVarint32(to.buffer, start - 1, length);
  to.length += more;
}
