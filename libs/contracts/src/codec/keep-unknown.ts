import { ScalarType, type Message } from '@bufbuild/protobuf';
import type { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { SCALAR_WRITERS } from './write-scalar.ts';

/** Keeps a field that the type does not have, or has in another framing, so that it can be written back. */
export function keepUnknown(from: ByteReader, message: Message, tag: number): void {
  const start = from.position;
  from.skip(tag);
  const count = from.position - start;
  from.position = start;
  keep(message, tag, from.copy(count));
}

/** Keeps a number that a closed enum does not have. */
export function keepUnknownNumber(message: Message, tag: number, value: number): void {
  const to = new ByteWriter();
  SCALAR_WRITERS[ScalarType.INT32](to, value, { tag: 0, name: message.$typeName });
  keep(message, tag, Uint8Array.from(to.written()));
}

function keep(message: Message, tag: number, data: Uint8Array): void {
  (message.$unknown ??= []).push({ no: tag >>> 3, wireType: tag & 7, data });
}
