import { ScalarType } from '@bufbuild/protobuf';
import { malformed, type ByteReader } from './byte-reader.ts';
import { readText } from './read-text.ts';
import { scratch } from './scratch.ts';

/** Reads one value, after its tag. */
export type ReadScalar = (from: ByteReader) => unknown;

/** A text that is no UTF-8, with U+FFFD for what is none. */
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

function readString(from: ByteReader): string {
  const length = from.uint32();
  const start = from.take(length);
  return readText(from.bytes, start, length) ?? malformed('a text that is no UTF-8');
}

/** For a field whose proto says that its UTF-8 is not checked. */
function readLenientString(from: ByteReader): string {
  const length = from.uint32();
  const start = from.take(length);
  return readText(from.bytes, start, length) ?? lenient.decode(from.bytes.subarray(start, start + length));
}

function signed(low: number, high: number): bigint {
  scratch.setInt32(0, low, true);
  scratch.setInt32(4, high, true);
  return scratch.getBigInt64(0, true);
}

function unsigned(low: number, high: number): bigint {
  scratch.setInt32(0, low, true);
  scratch.setInt32(4, high, true);
  return scratch.getBigUint64(0, true);
}

function readSint64(from: ByteReader): bigint {
  from.varint64();
  const { low, high } = from;
  const sign = -(low & 1);
  return signed(((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign);
}

function readSint32(from: ByteReader): number {
  const number = from.varint32();
  return (number >>> 1) ^ -(number & 1);
}

function readFloat(from: ByteReader): number {
  scratch.setInt32(0, from.fixed32(), true);
  return scratch.getFloat32(0, true);
}

function readDouble(from: ByteReader): number {
  scratch.setInt32(0, from.fixed32(), true);
  scratch.setInt32(4, from.fixed32(), true);
  return scratch.getFloat64(0, true);
}

/** A long number can be written for a boolean too; all but zero is true. */
function readBool(from: ByteReader): boolean {
  from.varint64();
  return (from.low | from.high) !== 0;
}

const READERS: Readonly<Record<ScalarType, ReadScalar>> = {
  [ScalarType.BOOL]: readBool,
  [ScalarType.INT32]: (from) => from.varint32() | 0,
  [ScalarType.UINT32]: (from) => from.varint32() >>> 0,
  [ScalarType.SINT32]: readSint32,
  [ScalarType.FIXED32]: (from) => from.fixed32() >>> 0,
  [ScalarType.SFIXED32]: (from) => from.fixed32(),
  [ScalarType.INT64]: (from) => {
    from.varint64();
    return signed(from.low, from.high);
  },
  [ScalarType.UINT64]: (from) => {
    from.varint64();
    return unsigned(from.low, from.high);
  },
  [ScalarType.SINT64]: readSint64,
  [ScalarType.FIXED64]: (from) => unsigned(from.fixed32(), from.fixed32()),
  [ScalarType.SFIXED64]: (from) => signed(from.fixed32(), from.fixed32()),
  [ScalarType.FLOAT]: readFloat,
  [ScalarType.DOUBLE]: readDouble,
  [ScalarType.STRING]: readString,
  [ScalarType.BYTES]: (from) => from.copy(from.uint32()),
};

/** How a value of the type is read. `isChecked`: a text that is no UTF-8 is refused. `asText`: a 64-bit number is given as its digits. */
export function scalarReader(scalar: ScalarType, { isChecked = true, asText = false } = {}): ReadScalar {
  if (scalar === ScalarType.STRING && !isChecked) return readLenientString;
  const read = READERS[scalar];
  return asText ? (from) => String(read(from)) : read;
}
