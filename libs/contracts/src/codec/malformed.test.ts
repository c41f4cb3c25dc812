import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { createCodec } from '../index.ts';
import { LegacyKindsSchema, OneofKindsSchema, SampleSchema, SingularKindsSchema } from '../testing.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const singular = createCodec(SingularKindsSchema);

/** Messages in one another, so many with the outermost. */
function nested(depth: number): Uint8Array {
  let bytes = Buffer.alloc(0);
  for (let level = 1; level < depth; level++) {
    const length = bytes.length < 0x80 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
    bytes = Buffer.concat([Buffer.from([0x5a, ...length]), bytes]);
  }
  return bytes;
}

test.each([
  ['a tag without a value', '18'],
  ['a number that does not end', '18 ff ff'],
  ['a number of eleven bytes', '18 ff ff ff ff ff ff ff ff ff ff 01'],
  ['an unknown number of eleven bytes', 'f8 7f ff ff ff ff ff ff ff ff ff ff 01'],
  ['a tag of six bytes', '98 80 80 80 80 00 01'],
  ['a tag of 33 bits', '98 80 80 80 10 01'],
  ['a length beyond the end', '72 05 61'],
  ['a length of 4 GiB', '7a ff ff ff ff 0f 61'],
  ['a length of 64 bits', '7a 81 80 80 80 80 80 80 80 80 01 61'],
  ['a length of an unknown field beyond the end', 'fa 7f 05 61'],
  ['a double of seven bytes', '09 00 00 00 00 00 00 00'],
  ['a float of three bytes', '15 00 00 00'],
  ['field 0', '00 00'],
  ['wire type 6', '1e 00'],
  ['wire type 7', '1f 00'],
  ['the end of a group that never began', '1c'],
  ['an unknown group without an end', 'fb 7f 08 01'],
  ['an unknown group that ends as another', 'fb 7f 84 80 01'],
  ['a text that is no UTF-8', '72 02 61 ff'],
  ['a long text that is no UTF-8', `72 32 ${'61'.repeat(49)} ff`],
  ['a text with half of a surrogate pair', '72 03 ed a0 80'],
])('%s is refused', (_, bytes) => {
  expect(() => singular.decode(hex(bytes))).toThrow(/^malformed message: /);
});

test.each([
  // Field 11 of Sample, `inner`, of length 2, with a text of length 1 in it.
  ['a field of a message inside another', SampleSchema, '5a 02 4a 01 61'],
  ['a message inside another', SampleSchema, '5a 03 5a 03 4a 01 61'],
  ['a number in a packed list', LegacyKindsSchema, '6a 01 ff 01'],
  ['an entry of a map', SampleSchema, '3a 02 0a 01 61'],
])('%s that reaches out of what it is in is refused', (_, schema, bytes) => {
  expect(() => createCodec(schema).decode(hex(bytes))).toThrow(/^malformed message: /);
});

test('what lies behind the bytes in the same memory is not read', () => {
  const whole = Buffer.from(hex('72 03 61 62 63 18 80 01'));
  expect(singular.decode(whole)).toMatchObject({ stringValue: 'abc', int32Value: 128 });
  for (let length = 1; length < whole.length; length++) {
    const part = whole.subarray(0, length);
    if (length === 5) expect(singular.decode(part)).toMatchObject({ stringValue: 'abc', int32Value: 0 });
    else expect(() => singular.decode(part)).toThrow(/^malformed message: it ends inside/);
  }
});

test('a hundred messages in one another are read, one more is refused', () => {
  const codec = createCodec(SampleSchema);
  expect(codec.decode(nested(100))).toEqual(fromBinary(SampleSchema, nested(100)));
  expect(() => codec.decode(nested(101))).toThrow('more than 100 messages');
  expect(() => fromBinary(SampleSchema, nested(101))).toThrow('recursion depth');
});

test('a hundred unknown groups in one another are too many, beside the message that they are in', () => {
  const groups = (count: number) => hex('fb7f'.repeat(count) + 'fc7f'.repeat(count));
  expect(singular.decode(groups(99)).$unknown).toHaveLength(1);
  expect(() => singular.decode(groups(100))).toThrow('more than 100 messages');
});

test('a group without an end is refused, and one that another ends', () => {
  const codec = createCodec(LegacyKindsSchema);
  expect(codec.decode(hex('83 01 08 05 84 01'))).toMatchObject({ group: { int32Value: 5 } });
  expect(() => codec.decode(hex('83 01 08 05'))).toThrow('a group without an end');
  expect(() => codec.decode(hex('83 01 08 05 8c 01'))).toThrow(/^malformed message: /);
});

test('a field that is framed in another way than its type says is unknown, and written back', () => {
  // int32_value, with a length; string_value, as a number.
  const bytes = hex('1a 01 05 70 07');
  const message = singular.decode(bytes);
  expect(message).toMatchObject({ int32Value: 0, stringValue: '' });
  expect(message.$unknown).toEqual([
    { no: 3, wireType: 2, data: Uint8Array.of(1, 5) },
    { no: 14, wireType: 0, data: Uint8Array.of(7) },
  ]);
  expect(singular.encode(message)).toEqual(Buffer.from(bytes));
});

test('the last of several values counts, of a oneof too, and messages are merged', () => {
  expect(singular.decode(hex('18 01 18 02'))).toMatchObject({ int32Value: 2 });
  // message_value with int32_value, again with int64_value.
  expect(singular.decode(hex('9a 01 02 18 01 9a 01 02 20 02'))).toMatchObject({
    messageValue: { int32Value: 1, int64Value: 2n },
  });
  const oneofs = createCodec(OneofKindsSchema);
  expect(oneofs.decode(hex('82 01 01 61 28 07'))).toMatchObject({ one: { case: 'int32Value', value: 7 } });
});

test('a number that a closed enum does not have is kept, also beside what else is unknown', () => {
  const codec = createCodec(LegacyKindsSchema);
  const message = codec.decode(hex('f8 7f 01 38 05'));
  expect(message).toMatchObject({ shadeValue: 1 });
  expect(message.$unknown).toEqual([
    { no: 2_047, wireType: 0, data: Uint8Array.of(1) },
    { no: 7, wireType: 0, data: Uint8Array.of(5) },
  ]);
});

test('where a proto asks for no check, a text that is no UTF-8 is read as protobuf-es reads it', () => {
  const bytes = hex('5a 03 61 ff 62 62 04 61 f0 9f 98');
  const message = createCodec(LegacyKindsSchema).decode(bytes);
  expect(message).toEqual(fromBinary(LegacyKindsSchema, bytes));
  expect(message).toMatchObject({ uncheckedValue: 'a\ufffdb', uncheckedValues: ['a\ufffd'] });
});

test('what is decoded shares no memory with the bytes', () => {
  for (const length of [1, 32, 33, 200]) {
    const field = singular.encode({ bytesValue: new Uint8Array(length).fill(1) });
    const bytes = Buffer.concat([field, hex('fa 7f 01 05')]);
    const message = singular.decode(bytes) as unknown as { bytesValue: Uint8Array };
    bytes.fill(9);
    expect(message.bytesValue).toEqual(new Uint8Array(length).fill(1));
    expect(message.bytesValue.buffer.byteLength).toBe(length);
    expect(message).toHaveProperty('$unknown.0.data', Uint8Array.of(1, 5));
  }
});

test('a Struct in very many pieces is read in a moment', () => {
  const piece = (index: number): Buffer => {
    const key = String(index).padStart(6, '0');
    // struct_group is a group: field 19, with an entry of its map that has only a key.
    return Buffer.concat([hex('9b 01 0a 08 0a 06'), Buffer.from(key), hex('9c 01')]);
  };
  const bytes = Buffer.concat(Array.from({ length: 50_000 }, (_, index) => piece(index)));
  const start = performance.now();
  const message = createCodec(LegacyKindsSchema).decode(bytes) as unknown as { structGroup: object };
  expect(Object.keys(message.structGroup)).toHaveLength(50_000);
  expect(performance.now() - start).toBeLessThan(5_000);
});
