import { ScalarType } from '@bufbuild/protobuf';
import type { ByteWriter } from './byte-writer.ts';
import { refuse } from './refuse.ts';
import { scratch } from './scratch.ts';
import { writeVarint32, writeVarint64 } from './varint.ts';
import { writeText } from './write-text.ts';

/** Writes one value, without a tag. Throws a TypeError that names the field when it is none of the type. */
export type WriteScalar = (to: ByteWriter, value: unknown, field: string) => void;

const WHOLE = /^-?\d+$/;

/** A 64-bit number is a bigint; a safe integer or its decimal digits will do. */
function toLong(value: unknown, field: string): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && WHOLE.test(value)) return BigInt(value);
  return refuse(field, '64-bit integer', value);
}

function putSigned(value: unknown, field: string): void {
  const long = toLong(value, field);
  if (long < -0x8000_0000_0000_0000n || long > 0x7fff_ffff_ffff_ffffn)
    refuse(field, 'signed 64-bit integer', long);
  scratch.setBigInt64(0, long, true);
}

function putUnsigned(value: unknown, field: string): void {
  const long = toLong(value, field);
  if (long < 0n || long > 0xffff_ffff_ffff_ffffn) refuse(field, 'unsigned 64-bit integer', long);
  scratch.setBigUint64(0, long, true);
}

const low = (): number => scratch.getInt32(0, true);
const high = (): number => scratch.getInt32(4, true);

function toInt32(value: unknown, field: string): number {
  if (typeof value !== 'number' || (value | 0) !== value) refuse(field, 'signed 32-bit integer', value);
  return value;
}

function toUint32(value: unknown, field: string): number {
  if (typeof value !== 'number' || value >>> 0 !== value) refuse(field, 'unsigned 32-bit integer', value);
  return value;
}

function toNumber(value: unknown, field: string): number {
  if (typeof value !== 'number') refuse(field, 'number', value);
  // A NaN keeps its payload when it is copied: all are written as one.
  return Number.isNaN(value) ? NaN : value;
}

function write32(to: ByteWriter, value: number): void {
  to.reserve(4);
  const { buffer, length } = to;
  buffer[length] = value;
  buffer[length + 1] = value >>> 8;
  buffer[length + 2] = value >>> 16;
  buffer[length + 3] = value >>> 24;
  to.length = length + 4;
}

function writeScratch(to: ByteWriter): void {
  write32(to, low());
  write32(to, high());
}

function writeBytes(to: ByteWriter, value: unknown, field: string): void {
  // An array of numbers is taken as protobuf-es takes it in an initializer.
  const bytes = Array.isArray(value) ? Uint8Array.from(value) : value;
  if (!(bytes instanceof Uint8Array)) refuse(field, 'Uint8Array', value);
  writeVarint32(to, bytes.length);
  to.reserve(bytes.length);
  to.buffer.set(bytes, to.length);
  to.length += bytes.length;
}

function writeFloat(to: ByteWriter, value: unknown, field: string): void {
  const number = toNumber(value, field);
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) refuse(field, 'float', number);
  scratch.setFloat32(0, number, true);
  write32(to, low());
}

function writeSint64(to: ByteWriter, value: unknown, field: string): void {
  putSigned(value, field);
  const sign = high() >> 31;
  writeVarint64(to, (low() << 1) ^ sign, ((high() << 1) | (low() >>> 31)) ^ sign);
}

function writeInt32(to: ByteWriter, value: unknown, field: string): void {
  const number = toInt32(value, field);
  if (number >= 0) writeVarint32(to, number);
  else writeVarint64(to, number, -1);
}

function writeVarintOfScratch(to: ByteWriter): void {
  writeVarint64(to, low(), high());
}

/** How a value of each type is written. Nothing is converted but what is named above: what is no number is not made one. */
export const SCALAR_WRITERS: Readonly<Record<ScalarType, WriteScalar>> = {
  [ScalarType.BOOL]: (to, value, field) => {
    if (typeof value !== 'boolean') refuse(field, 'boolean', value);
    writeVarint32(to, value ? 1 : 0);
  },
  [ScalarType.INT32]: writeInt32,
  [ScalarType.SINT32]: (to, value, field) => {
    const number = toInt32(value, field);
    writeVarint32(to, ((number << 1) ^ (number >> 31)) >>> 0);
  },
  [ScalarType.UINT32]: (to, value, field) => writeVarint32(to, toUint32(value, field)),
  [ScalarType.FIXED32]: (to, value, field) => write32(to, toUint32(value, field)),
  [ScalarType.SFIXED32]: (to, value, field) => write32(to, toInt32(value, field)),
  [ScalarType.INT64]: (to, value, field) => {
    putSigned(value, field);
    writeVarintOfScratch(to);
  },
  [ScalarType.UINT64]: (to, value, field) => {
    putUnsigned(value, field);
    writeVarintOfScratch(to);
  },
  [ScalarType.SINT64]: writeSint64,
  [ScalarType.FIXED64]: (to, value, field) => {
    putUnsigned(value, field);
    writeScratch(to);
  },
  [ScalarType.SFIXED64]: (to, value, field) => {
    putSigned(value, field);
    writeScratch(to);
  },
  [ScalarType.FLOAT]: writeFloat,
  [ScalarType.DOUBLE]: (to, value, field) => {
    scratch.setFloat64(0, toNumber(value, field), true);
    writeScratch(to);
  },
  [ScalarType.STRING]: writeText,
  [ScalarType.BYTES]: writeBytes,
};
