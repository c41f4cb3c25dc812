import type { ByteWriter } from './byte-writer.ts';
import { writeVarint32 } from './varint.ts';

/** Leaves one byte for the length of what comes next. Returns where that begins, for `close`. */
export function open(to: ByteWriter): number {
  to.reserve(1);
  return ++to.length;
}

/** Writes the length of what came since `open`. Over 127 bytes are moved to make room for a longer length: cheaper than to measure all before. */
export function close(to: ByteWriter, start: number): void {
  const length = to.length - start;
  if (length <= 0x7f) to.buffer[start - 1] = length;
  else moveAndClose(to, start);
}

function moveAndClose(to: ByteWriter, start: number): void {
  const length = to.length - start;
  const more = length < 2 ** 14 ? 1 : length < 2 ** 21 ? 2 : length < 2 ** 28 ? 3 : 4;
  to.reserve(more);
  to.buffer.copyWithin(start + more, start, to.length);
  to.length = start - 1;
  writeVarint32(to, length);
  to.length += length;
}
