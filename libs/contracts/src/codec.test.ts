import { create, equals, type MessageInitShape } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCodec, MoneySchema, OrderSchema, type Order } from './index.ts';
import { EchoRequestSchema, SampleSchema } from './testing.ts';

type Sample = MessageInitShape<typeof SampleSchema>;

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const text = fc.string({ unit: 'grapheme' });
const key = text.filter((name) => name !== '__proto__');

const generated = fc.letrec((tie) => ({
  sample: fc.record(
    {
      number: int64,
      unsignedNumber: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      data: fc.uint8Array({ maxLength: 20 }),
      ratio: fc.double({ noNaN: true }),
      flag: fc.boolean(),
      time: fc.record({ seconds: int64, nanos: fc.nat(999_999_999) }),
      counts: fc.dictionary(key, int64, { maxKeys: 3 }),
      children: fc.array(tie('sample'), { maxLength: 2, depthIdentifier: 'sample' }),
      choice: fc.oneof(
        { depthIdentifier: 'sample', maxDepth: 3 },
        fc.record({ case: fc.constant('word'), value: text }),
        fc.record({ case: fc.constant('amount'), value: fc.integer() }),
        fc.record({ case: fc.constant('inner'), value: tie('sample') }),
      ),
    },
    { requiredKeys: [] },
  ),
}));
const sample = generated.sample as fc.Arbitrary<Sample>;

test('every message comes back as it was', () => {
  const codec = createCodec(SampleSchema);
  fc.assert(
    fc.property(sample, (init) => {
      const message = create(SampleSchema, init);
      const back = codec.decode(codec.encode(init));
      expect(equals(SampleSchema, back as typeof message, message)).toBe(true);
    }),
  );
});

test('a message and its initializer have the same bytes', () => {
  const codec = createCodec(MoneySchema);
  fc.assert(
    fc.property(fc.record({ currencyCode: text, amountMinor: int64 }), (init) => {
      expect(codec.encode(create(MoneySchema, init))).toEqual(codec.encode(init));
    }),
  );
});

test('an absent message is undefined, an absent number is zero', () => {
  const order = createCodec(OrderSchema).decode(new Uint8Array());
  expect(order).toMatchObject({ sequence: 0n, lines: [] });
  expect((order as Order).total).toBeUndefined();
});

test('bytes of any kind are read or refused, and nothing else happens', () => {
  const codec = createCodec(EchoRequestSchema);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        codec.encode(codec.decode(bytes));
      } catch (error) {
        expect(error).toHaveProperty('message');
      }
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ['a number', { number: 'many' }],
  ['a message', { inner: 5, choice: { case: 'inner', value: 5 } }],
  ['a map', { counts: { a: 'many' } }],
])('a value of another type in the place of %s is refused', (_name, wrong) => {
  expect(() => createCodec(SampleSchema).encode(wrong)).toThrow();
});
