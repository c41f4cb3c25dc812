import { create, equals, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCodec, MoneySchema, OrderSchema, PlaceOrderRequestSchema } from '../index.ts';
import { EveryKindSchema, LegacyKindsSchema, SampleSchema } from '../testing.ts';
import { initializersOf } from './testing/initializers.ts';
import { runs, TIMEOUT_MS } from './testing/runs.ts';
import { expectSame } from './testing/same.ts';

const TYPES: DescMessage[] = [
  EveryKindSchema,
  LegacyKindsSchema,
  // proto2.
  FileDescriptorProtoSchema,
  SampleSchema,
  PlaceOrderRequestSchema,
  OrderSchema,
];

test.each(TYPES.map((schema) => [schema.typeName, schema] as const))(
  'what one encodes of %s the other decodes, to the same',
  (_, schema) => {
    const codec = createCodec(schema);
    fc.assert(
      fc.property(initializersOf(schema), (init) => {
        const message = create(schema, init);
        const theirs = toBinary(schema, message);
        const expected = fromBinary(schema, theirs);
        expectSame(codec.decode(theirs), expected);
        const ours = codec.encode(message);
        expectSame(fromBinary(schema, new Uint8Array(ours)), expected);
        expectSame(codec.encode(init), ours);
      }),
      runs(),
    );
  },
  TIMEOUT_MS,
);

test('what is decoded is equal for protobuf-es, and has the numbers, texts and defaults that it has', () => {
  const init = { currencyCode: 'EUR', amountMinor: 2n ** 53n + 1n };
  const codec = createCodec(MoneySchema);
  const money = codec.decode(codec.encode(init));
  expect(equals(MoneySchema, money as never, create(MoneySchema, init))).toBe(true);
  expect(money).toEqual({ $typeName: 'shop.type.v1.Money', ...init });
});
