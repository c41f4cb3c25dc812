import type { UnknownField } from '@bufbuild/protobuf';
import type { ByteWriter } from './byte-writer.ts';
import { writeVarint32 } from './varint.ts';
import { tagOf } from './wire-type.ts';

/** Writes back what was not understood when it came, in the order in which it came. */
export function writeUnknown(to: ByteWriter, fields: readonly UnknownField[]): void {
  for (const { no, wireType, data } of fields) {
    writeVarint32(to, tagOf(no, wireType));
    to.reserve(data.length);
    to.buffer.set(data, to.length);
    to.length += data.length;
  }
}
