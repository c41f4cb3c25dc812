import { ScalarType } from '@bufbuild/protobuf';
import { begin, type WireField } from './begin.ts';
import type { ByteWriter } from './byte-writer.ts';
import { refuse } from './refuse.ts';
import { scratch } from './scratch.ts';
import { putVarint32, putVarint64 } from './varint.ts';
import { writeText } from './write-text.ts';

/** Writes one value, after its tag. Throws a TypeError that names the field when it is none of the type. */
export type WriteScalar = (to: ByteWriter, value: unknown, field: WireField) => void;

const WHOLE = /^-?\d+$/;

/** A 64-bit number is a bigint; a safe integer or its decimal digits will do. */
function toLong(value: unknown, { name }: WireField): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && WHOLE.test(value)) return BigInt(value);
  return refuse(name, '64-bit integer', value);
}

/** Into the scratch bytes. */
function putSigned(value: unknown, field: WireField): void {
  const long = toLong(value, field);
  if (long < -0x8000_0000_0000_0000n || long > 0x7fff_ffff_ffff_ffffn)
    refuse(field.name, 'signed 64-bit integer', long);
  scratch.setBigInt64(0, long, true);
}

function putUnsigned(value: unknown, field: WireField): void {
  const long = toLong(value, field);
  if (long < 0n || long > 0xffff_ffff_ffff_ffffn) refuse(field.name, 'unsigned 64-bit integer', long);
  scratch.setBigUint64(0, long, true);
}

function putHalves(lowHalf: number, highHalf: number): void {
  scratch.setInt32(0, lowHalf, true);
  scratch.setInt32(4, highHalf, true);
}

const low = (): number => scratch.getInt32(0, true);
const high = (): number => scratch.getInt32(4, true);

function toInt32(value: unknown, { name }: WireField): number {
  if (typeof value !== 'number' || (value | 0) !== value) refuse(name, 'signed 32-bit integer', value);
  return value;
}

function toUint32(value: unknown, { name }: WireField): number {
  if (typeof value !== 'number' || value >>> 0 !== value) refuse(name, 'unsigned 32-bit integer', value);
  return value;
}

function toNumber(value: unknown, { name }: WireField): number {
  if (typeof value !== 'number') refuse(name, 'number', value);
  // A NaN keeps its payload when it is copied: all are written as one.
  return Number.isNaN(value) ? NaN : value;
}

function writeVarint32(to: ByteWriter, value: number, { tag }: WireField): void {
  const at = begin(to, tag, 5);
  to.length = putVarint32(to.buffer, at, value);
}

/** What is in the scratch bytes. */
function writeVarint64(to: ByteWriter, { tag }: WireField): void {
  const at = begin(to, tag, 10);
  to.length = putVarint64(to.buffer, at);
}

function putFixed32(buffer: Buffer, at: number, value: number): number {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
  return at + 4;
}

function writeFixed32(to: ByteWriter, value: number, { tag }: WireField): void {
  const at = begin(to, tag, 4);
  to.length = putFixed32(to.buffer, at, value);
}

/** What is in the scratch bytes. */
function writeFixed64(to: ByteWriter, { tag }: WireField): void {
  const at = begin(to, tag, 8);
  putFixed32(to.buffer, at, low());
  to.length = putFixed32(to.buffer, at + 4, high());
}

function writeInt32(to: ByteWriter, value: unknown, field: WireField): void {
  const number = toInt32(value, field);
  if (number >= 0) return writeVarint32(to, number, field);
  // As if it had 64 bits.
  putHalves(number, -1);
  writeVarint64(to, field);
}

function writeSint32(to: ByteWriter, value: unknown, field: WireField): void {
  const number = toInt32(value, field);
  writeVarint32(to, ((number << 1) ^ (number >> 31)) >>> 0, field);
}

function writeSint64(to: ByteWriter, value: unknown, field: WireField): void {
  putSigned(value, field);
  const sign = high() >> 31;
  putHalves((low() << 1) ^ sign, ((high() << 1) | (low() >>> 31)) ^ sign);
  writeVarint64(to, field);
}

function writeFloat(to: ByteWriter, value: unknown, field: WireField): void {
  const number = toNumber(value, field);
  if (Number.isFinite(number) && !Number.isFinite(Math.fround(number))) refuse(field.name, 'float', number);
  scratch.setFloat32(0, number, true);
  writeFixed32(to, low(), field);
}

function writeBytes(to: ByteWriter, value: unknown, { tag, name }: WireField): void {
  // An array of numbers is taken as protobuf-es takes it in an initializer.
  const bytes = Array.isArray(value) ? Uint8Array.from(value) : value;
  if (!(bytes instanceof Uint8Array)) refuse(name, 'Uint8Array', value);
  const start = begin(to, tag, 5 + bytes.length);
  const at = putVarint32(to.buffer, start, bytes.length);
  to.buffer.set(bytes, at);
  to.length = at + bytes.length;
}

/** How a value of each type is written. Nothing is converted but what is named above: what is no number is not made one. */
export const SCALAR_WRITERS: Readonly<Record<ScalarType, WriteScalar>> = {
  [ScalarType.BOOL]: (to, value, field) => {
    if (typeof value !== 'boolean') refuse(field.name, 'boolean', value);
    writeVarint32(to, value ? 1 : 0, field);
  },
  [ScalarType.INT32]: writeInt32,
  [ScalarType.SINT32]: writeSint32,
  [ScalarType.UINT32]: (to, value, field) => writeVarint32(to, toUint32(value, field), field),
  [ScalarType.FIXED32]: (to, value, field) => writeFixed32(to, toUint32(value, field), field),
  [ScalarType.SFIXED32]: (to, value, field) => writeFixed32(to, toInt32(value, field), field),
  [ScalarType.INT64]: (to, value, field) => {
    putSigned(value, field);
    writeVarint64(to, field);
  },
  [ScalarType.UINT64]: (to, value, field) => {
    putUnsigned(value, field);
    writeVarint64(to, field);
  },
  [ScalarType.SINT64]: writeSint64,
  [ScalarType.FIXED64]: (to, value, field) => {
    putUnsigned(value, field);
    writeFixed64(to, field);
  },
  [ScalarType.SFIXED64]: (to, value, field) => {
    putSigned(value, field);
    writeFixed64(to, field);
  },
  [ScalarType.FLOAT]: writeFloat,
  [ScalarType.DOUBLE]: (to, value, field) => {
    scratch.setFloat64(0, toNumber(value, field), true);
    writeFixed64(to, field);
  },
  [ScalarType.STRING]: writeText,
  [ScalarType.BYTES]: writeBytes,
};
