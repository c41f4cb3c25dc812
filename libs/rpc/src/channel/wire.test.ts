import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from '@jest/globals';
import { ByteWriter } from '@millrace/contracts';
import fc from 'fast-check';
import { FrameError } from './frame-error.ts';
import { WireReader } from './wire-reader.ts';
import {
  beginBlock,
  blockTag,
  endBlock,
  numberTag,
  writeAscii,
  writeBytes,
  writeNumber,
} from './wire-writer.ts';

const uint32 = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(
    0,
    1,
    127,
    128,
    16_383,
    16_384,
    2 ** 21,
    2 ** 28 - 1,
    2 ** 28,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
  ),
);
const fieldNumber = fc.integer({ min: 1, max: 15 });
const bytes = fc.uint8Array({ maxLength: 300 });
const latin = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
});

const reading = (...parts: readonly Uint8Array[]): WireReader => new WireReader(Buffer.concat(parts));
const varint = (value: number, padding = 0): Buffer => {
  const all = [...new BinaryWriter().uint32(value).finish()];
  for (let count = 0; count < padding; count++) {
    all.push((all.pop() ?? 0) | 0x80, 0);
  }
  return Buffer.from(all);
};

describe('what is written', () => {
  test('protobuf-es reads', () => {
    const property = fc.property(uint32, fieldNumber, latin, bytes, (number, field, text, data) => {
      const to = new ByteWriter();
      writeNumber(to, numberTag(field), number);
      writeAscii(to, blockTag(field), text);
      writeBytes(to, blockTag(field), data);
      const block = beginBlock(to, blockTag(field));
      writeNumber(to, numberTag(field), number);
      endBlock(to, block);
      const reader = new BinaryReader(to.written());
      expect(reader.tag()).toEqual([field, WireType.Varint]);
      expect(reader.uint32()).toBe(number);
      expect(reader.tag()).toEqual([field, WireType.LengthDelimited]);
      expect(Buffer.from(reader.bytes()).toString('latin1')).toBe(text);
      expect(reader.tag()).toEqual([field, WireType.LengthDelimited]);
      expect(Buffer.compare(reader.bytes(), data)).toBe(0);
      expect(reader.tag()).toEqual([field, WireType.LengthDelimited]);
      const inner = new BinaryReader(reader.bytes());
      expect(inner.tag()).toEqual([field, WireType.Varint]);
      expect(inner.uint32()).toBe(number);
      expect([inner.pos, reader.pos]).toEqual([inner.len, reader.len]);
    });
    fc.assert(property);
  });

  test.each([0, 1, 127, 128, 16_383, 16_384, 65_536, 2 * 1024 * 1024 - 1])(
    'a block of %d bytes',
    (length) => {
      const to = new ByteWriter();
      const block = beginBlock(to, blockTag(1));
      to.reserve(length);
      to.length += length;
      endBlock(to, block);
      const reader = new BinaryReader(to.written());
      reader.tag();
      expect(reader.bytes()).toHaveLength(length);
      expect(reader.pos).toBe(reader.len);
    },
  );
});

describe('what protobuf-es writes', () => {
  test('is read', () => {
    const property = fc.property(uint32, fc.string(), bytes, (number, text, data) => {
      const from = reading(
        new BinaryWriter().tag(1, WireType.Varint).uint32(number).finish(),
        new BinaryWriter().tag(2, WireType.LengthDelimited).string(text).finish(),
        new BinaryWriter().tag(3, WireType.LengthDelimited).bytes(data).finish(),
      );
      expect([from.number(), from.number()]).toEqual([numberTag(1), number]);
      expect([from.number(), from.text()]).toEqual([blockTag(2), text.toWellFormed()]);
      expect(from.number()).toBe(blockTag(3));
      expect(Buffer.compare(from.block(), data)).toBe(0);
      expect(from.more).toBe(false);
    });
    fc.assert(property);
  });

  test.each([1, 2, 3, 4])('a number that is %d bytes longer than it need be', (padding) => {
    for (const value of [0, 1, 127]) {
      const from = reading(varint(value, padding), varint(5));
      expect([from.number(), from.number()]).toEqual([value, 5]);
    }
  });

  test.each([
    ['a number', new BinaryWriter().tag(20, WireType.Varint).uint64(2n ** 64n - 1n)],
    ['eight bytes', new BinaryWriter().tag(20, WireType.Bit64).fixed64(1n)],
    ['four bytes', new BinaryWriter().tag(20, WireType.Bit32).fixed32(1)],
    ['no bytes', new BinaryWriter().tag(20, WireType.LengthDelimited).bytes(new Uint8Array(0))],
    ['bytes', new BinaryWriter().tag(20, WireType.LengthDelimited).bytes(Buffer.alloc(200, 0xff))],
    ['a field far away', new BinaryWriter().tag(2 ** 28, WireType.LengthDelimited).string('later')],
  ])('a field that nobody knows is passed over: %s', (_what, unknown) => {
    const known = new BinaryWriter().tag(1, WireType.Varint).uint32(7).finish();
    const from = reading(unknown.finish(), known);
    from.skip(from.number());
    expect([from.number(), from.number(), from.more]).toEqual([numberTag(1), 7, false]);
  });
});

describe('nonsense is an error', () => {
  test.each([
    ['a number that does not end', [0x80, 0x80]],
    ['nothing where a number is due', []],
    ['a number of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0x10]],
    ['a number of six bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x00]],
  ])('%s', (_what, all) => {
    expect(() => reading(Buffer.from(all)).number()).toThrow(FrameError);
  });

  test.each([
    ['longer than the frame', [5, 1, 2]],
    ['without end', [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('a block %s', (_what, all) => {
    for (const read of ['block', 'text', 'ascii', 'enter', 'length'] as const) {
      expect(() => reading(Buffer.from(all))[read]()).toThrow(FrameError);
    }
  });

  test('a block that is longer than the one around it', () => {
    const from = reading(Buffer.from([2, 5, 1, 2, 3, 4, 5]));
    from.enter();
    expect(() => from.block()).toThrow(FrameError);
  });

  test.each([
    ['field 0', [0x00]],
    ['field 0 with a length', [0x02, 0x00]],
    ['the beginning of a group', [0x0b]],
    ['the end of a group', [0x0c]],
    ['wire type 6', [0x0e]],
    ['wire type 7', [0x0f]],
    ['four bytes that are three', [0x0d, 1, 2, 3]],
    ['eight bytes that are none', [0x09]],
    ['a varint of eleven bytes', [0x08, ...Array.from({ length: 11 }, () => 0xff)]],
    ['a varint that does not end', [0x08, 0xff]],
    ['a length that lies', [0x0a, 0x05, 1]],
  ])('%s', (_what, all) => {
    const from = reading(Buffer.from(all));
    expect(() => from.skip(from.number())).toThrow(FrameError);
  });

  test('whatever the bytes, it ends, and by no other error', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 60 }), (all) => {
      const from = reading(all);
      try {
        while (from.more) from.skip(from.number());
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
      expect(from.at).toBeLessThanOrEqual(all.length);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});
