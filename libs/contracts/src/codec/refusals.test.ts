import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { ByteWriter, createCodec, MoneySchema, OrderSchema, type Codec } from '../index.ts';
import {
  EveryKindSchema,
  MapKeyKindsSchema,
  MapValueKindsSchema,
  OneofKindsSchema,
  PackedKindsSchema,
  RequiredKindSchema,
  SingularKindsSchema,
  WrapperKindsSchema,
  KnownKindsSchema,
} from '../testing.ts';

const T = 'millrace.test.v1';
const singular = createCodec(SingularKindsSchema);

test.each([
  ['int32Value', '5', 'expected signed 32-bit integer, got string'],
  ['int32Value', 1.5, 'expected signed 32-bit integer, got 1.5'],
  ['int32Value', 2 ** 31, 'expected signed 32-bit integer, got 2147483648'],
  ['int32Value', 5n, 'expected signed 32-bit integer, got 5'],
  ['int32Value', NaN, 'expected signed 32-bit integer, got NaN'],
  ['int32Value', true, 'expected signed 32-bit integer, got boolean'],
  ['sint32Value', -(2 ** 31) - 1, 'expected signed 32-bit integer, got -2147483649'],
  ['sfixed32Value', {}, 'expected signed 32-bit integer, got object'],
  ['uint32Value', -1, 'expected unsigned 32-bit integer, got -1'],
  ['fixed32Value', 2 ** 32, 'expected unsigned 32-bit integer, got 4294967296'],
  ['shadeValue', 2 ** 31, 'expected signed 32-bit integer, got 2147483648'],
  ['shadeValue', 'SHADE_LIGHT', 'expected signed 32-bit integer, got string'],
  ['int64Value', 2n ** 63n, 'expected signed 64-bit integer, got 9223372036854775808'],
  ['int64Value', 'many', 'expected 64-bit integer, got string'],
  ['int64Value', 2 ** 53, 'expected 64-bit integer, got 9007199254740992'],
  ['int64Value', 0.5, 'expected 64-bit integer, got 0.5'],
  ['int64Value', true, 'expected 64-bit integer, got boolean'],
  ['sint64Value', -(2n ** 63n) - 1n, 'expected signed 64-bit integer, got -9223372036854775809'],
  ['uint64Value', -1n, 'expected unsigned 64-bit integer, got -1'],
  ['fixed64Value', 2n ** 64n, 'expected unsigned 64-bit integer, got 18446744073709551616'],
  ['digits', '1.5', 'expected 64-bit integer, got string'],
  ['floatValue', 1e39, 'expected float, got 1e+39'],
  ['doubleValue', '1', 'expected number, got string'],
  ['boolValue', 1, 'expected boolean, got 1'],
  ['boolValue', 'false', 'expected boolean, got string'],
  ['stringValue', 5, 'expected string, got 5'],
  ['stringValue', { toString: () => 'text' }, 'expected string, got object'],
  ['bytesValue', 'text', 'expected Uint8Array, got string'],
  ['bytesValue', new Uint16Array(1), 'expected Uint8Array, got object'],
])('%s does not take %p', (name, value, message) => {
  const field = SingularKindsSchema.fields.find(({ localName }) => localName === name)?.name;
  expect(() => singular.encode({ [name]: value })).toThrow(
    new TypeError(`${T}.SingularKinds.${field}: ${message}`),
  );
});

test.each<[string, Codec, object]>([
  ['a message in place of which there is a number', createCodec(EveryKindSchema), { singular: 5 }],
  ['a message in place of which there is an array', createCodec(EveryKindSchema), { singular: [] }],
  ['a message of another type', createCodec(EveryKindSchema), { singular: create(MoneySchema) }],
  ['a list that is none', createCodec(PackedKindsSchema), { int32Values: 5 }],
  ['a list that is a text', createCodec(PackedKindsSchema), { stringValues: 'ab' }],
  ['a list with a hole', createCodec(PackedKindsSchema), { stringValues: ['a', undefined] }],
  ['a list with a wrong number', createCodec(PackedKindsSchema), { int32Values: [1, 2 ** 40] }],
  [
    'a list with a hole in place of a message',
    createCodec(PackedKindsSchema),
    { messageValues: [undefined] },
  ],
  ['a list with a missing message', createCodec(PackedKindsSchema), { messageValues: [null] }],
  ['a map that is a Map', createCodec(MapValueKindsSchema), { int32Values: new Map([['a', 1]]) }],
  ['a map with a wrong value', createCodec(MapValueKindsSchema), { int32Values: { a: 'b' } }],
  ['a key that is no number', createCodec(MapKeyKindsSchema), { byInt32: { a: '' } }],
  ['a key that is too large', createCodec(MapKeyKindsSchema), { byInt32: { 4294967296: '' } }],
  ['a key that is written in another way', createCodec(MapKeyKindsSchema), { byInt32: { 1: '', '01': '' } }],
  [
    'a long key that is written in another way',
    createCodec(MapKeyKindsSchema),
    { byInt64: { 1: '', '0x1': '' } },
  ],
  ['a long key that is none', createCodec(MapKeyKindsSchema), { byInt64: { '': '' } }],
  ['a key that is neither true nor false', createCodec(MapKeyKindsSchema), { byBool: { yes: '' } }],
  ['a case that there is none of', createCodec(OneofKindsSchema), { one: { case: 'left', value: 'a' } }],
  ['a case without a value', createCodec(OneofKindsSchema), { one: { case: 'stringValue' } }],
  ['a case without its message', createCodec(OneofKindsSchema), { one: { case: 'messageValue' } }],
  ['a oneof that is a text', createCodec(OneofKindsSchema), { one: 'stringValue' }],
  ['a wrapper with a wrong value', createCodec(WrapperKindsSchema), { int32Value: 'a' }],
  ['a wrapper that is a message', createCodec(WrapperKindsSchema), { int32Value: { value: 5 } }],
  ['a Struct that is an array', createCodec(KnownKindsSchema), { struct: [] }],
  ['a Struct with what is no JSON', createCodec(KnownKindsSchema), { struct: { a: { b: 5n } } }],
  ['a Struct with a hole', createCodec(KnownKindsSchema), { struct: { a: undefined } }],
  ['a required field that is not there', createCodec(RequiredKindSchema), {}],
])('%s is refused', (_, codec, init) => {
  expect(() => codec.encode(init)).toThrow(/^[\w.]+: expected /);
  expect(() => codec.encode(init)).toThrow(TypeError);
});

test('a message of another type, or no object at all, is refused', () => {
  const codec = createCodec(OrderSchema);
  expect(() => codec.encode(create(MoneySchema))).toThrow(
    new TypeError('shop.order.v1.Order: expected message of this type or an initializer of one, got string'),
  );
  for (const wrong of [5, 'text', []]) expect(() => codec.encode(wrong)).toThrow(TypeError);
});

test('what is absent, null or undefined is left out', () => {
  expect(singular.encode({ stringValue: undefined, int64Value: null, messageValue: undefined })).toHaveLength(
    0,
  );
  expect(createCodec(OneofKindsSchema).encode({ one: { case: undefined } })).toHaveLength(0);
  expect(singular.encode(undefined)).toHaveLength(0);
});

test('an initializer may have numbers and digits for 64-bit numbers, arrays for bytes, and arrays of numbers as JavaScript has them', () => {
  const init = { int64Value: -5, uint64Value: '7', digits: 8n, bytesValue: [1, 2] };
  const message = { int64Value: -5n, uint64Value: 7n, digits: '8', bytesValue: Uint8Array.of(1, 2) };
  expect(singular.encode(init)).toEqual(singular.encode(create(SingularKindsSchema, message)));
  const lists = createCodec(PackedKindsSchema);
  expect(lists.encode({ doubleValues: Float64Array.of(1, 2) })).toEqual(
    lists.encode({ doubleValues: [1, 2] }),
  );
  expect(singular.encode({ digits: '0', int64Value: 0, uint64Value: '0', bytesValue: [] })).toHaveLength(0);
});

test('half of a surrogate pair is written as U+FFFD, as by protobuf-es', () => {
  for (const text of ['\ud800', 'a\udc00b', `${'x'.repeat(20)}\ud83d`, `${'x'.repeat(200)}\ude00\ud83d`]) {
    const message = create(SingularKindsSchema, { stringValue: text });
    expect(singular.encode(message)).toEqual(Buffer.from(toBinary(SingularKindsSchema, message)));
  }
});

test('every NaN has the same bytes', () => {
  const odd = new Float64Array(BigUint64Array.of(0x7ff8_0000_dead_beefn).buffer)[0] as number;
  expect(singular.encode({ doubleValue: odd })).toEqual(singular.encode({ doubleValue: NaN }));
  expect(singular.encode({ floatValue: odd })).toEqual(singular.encode({ floatValue: NaN }));
});

test('where a value is refused, what was written before stays and nothing is added', () => {
  const codec = createCodec(OrderSchema);
  const to = new ByteWriter();
  codec.write({ id: 'first' }, to);
  const { length } = to;
  const before = Buffer.from(to.written());
  const wrong = { id: 'x'.repeat(1_000), lines: [{ sku: 'a' }, { sku: 5 }] };
  expect(() => codec.write(wrong, to)).toThrow('shop.order.v1.OrderLine.sku: expected string, got 5');
  expect(to.length).toBe(length);
  codec.write({ id: 'second' }, to);
  expect(to.written()).toEqual(Buffer.concat([before, codec.encode({ id: 'second' })]));
});
