import { create } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { createCodec, MoneySchema, OrderSchema, type Order } from './index.ts';
import { SampleSchema } from './testing.ts';

test('an absent message is undefined, an absent number is zero', () => {
  const order = createCodec(OrderSchema).decode(new Uint8Array());
  expect(order).toMatchObject({ sequence: 0n, lines: [] });
  expect((order as Order).total).toBeUndefined();
});

test('a message and its initializer have the same bytes', () => {
  const codec = createCodec(MoneySchema);
  const init = { currencyCode: 'EUR', amountMinor: 4_999n };
  expect(codec.encode(init).toString('hex')).toBe('0a0345555210' + '8727');
  expect(codec.encode(create(MoneySchema, init))).toEqual(codec.encode(init));
});

test('initializers may have initializers in them, and messages', () => {
  const codec = createCodec(SampleSchema);
  const inner = { number: 7n, choice: { case: 'word' as const, value: 'yes' } };
  const init = {
    children: [inner, create(SampleSchema, inner)],
    choice: { case: 'inner' as const, value: inner },
  };
  expect(codec.decode(codec.encode(init))).toEqual(create(SampleSchema, init));
});
