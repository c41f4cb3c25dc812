import type { UnknownField } from '@bufbuild/protobuf';
import { begin } from './begin.ts';
import type { ByteWriter } from './byte-writer.ts';
import { tagOf } from './wire-type.ts';

/** Writes back what was not understood when it came, in the order in which it came. */
export function writeUnknown(to: ByteWriter, fields: readonly UnknownField[]): void {
  for (const { no, wireType, data } of fields) {
    const at = begin(to, tagOf(no, wireType), data.length);
    to.buffer.set(data, at);
    to.length = at + data.length;
  }
}
