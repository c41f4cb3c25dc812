import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OrderError } from './order-error.ts';
import { checkCurrency, MAX_TOTAL_MINOR, priceLines, type Price, type RequestedLine } from './pricing.ts';

const PRODUCTS: ReadonlyMap<string, Price> = new Map([
  ['MUG', { currency: 'GBP', amountMinor: 125n }],
  ['CLOCK', { currency: 'GBP', amountMinor: 2495n }],
  ['SAKE', { currency: 'JPY', amountMinor: 1800n }],
  ['YACHT', { currency: 'GBP', amountMinor: MAX_TOTAL_MINOR }],
]);

function line(sku: string, quantity = 1, quote?: Price): RequestedLine {
  return { sku, quantity, quote };
}

function refusal(lines: readonly RequestedLine[], currency = 'GBP'): OrderError {
  try {
    priceLines(lines, currency, PRODUCTS);
  } catch (error) {
    if (error instanceof OrderError) return error;
    throw error;
  }
  throw new Error('it was priced');
}

describe('a total', () => {
  test.each([
    ['one line', [line('MUG')], 125n],
    ['several lines', [line('MUG', 3), line('CLOCK', 2)], 5365n],
    ['the same product on two lines', [line('MUG', 1), line('MUG', 2)], 375n],
    ['a quote in place of the price', [line('MUG', 2, { currency: 'GBP', amountMinor: 99n })], 198n],
    ['a quote of nothing', [line('MUG', 2, { currency: 'GBP', amountMinor: 0n })], 0n],
    ['exactly the limit', [line('YACHT')], MAX_TOTAL_MINOR],
  ])('of %s is the sum over its lines', (_, lines, total) => {
    expect(priceLines(lines, 'GBP', PRODUCTS).totalMinor).toBe(total);
  });

  test('is in whole yen where the order is in yen', () => {
    expect(priceLines([line('SAKE', 2)], 'JPY', PRODUCTS).totalMinor).toBe(3600n);
  });

  test('never loses a penny, whatever the quantities', () => {
    const anyLine = fc.record({ quantity: fc.integer({ min: 1, max: 1000 }), price: fc.bigInt(0n, 999n) });
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 100 }), (wanted) => {
        const lines = wanted.map(({ quantity, price }) =>
          line('MUG', quantity, { currency: 'GBP', amountMinor: price }),
        );
        const expected = wanted.reduce((sum, { quantity, price }) => sum + BigInt(quantity) * price, 0n);
        expect(priceLines(lines, 'GBP', PRODUCTS).totalMinor).toBe(expected);
      }),
    );
  });
});

test('lines stay as they were sent, in their order', () => {
  const { lines } = priceLines([line('CLOCK', 2), line('MUG', 1), line('CLOCK', 1)], 'GBP', PRODUCTS);
  expect(lines).toEqual([
    { sku: 'CLOCK', quantity: 2, unitPriceMinor: 2495n },
    { sku: 'MUG', quantity: 1, unitPriceMinor: 125n },
    { sku: 'CLOCK', quantity: 1, unitPriceMinor: 2495n },
  ]);
});

describe('refused, with the field', () => {
  const yen = { currency: 'JPY', amountMinor: 5n };
  test.each([
    ['an unknown product', [line('MUG'), line('NOPE')], 'UNKNOWN_PRODUCT', 'lines[1].sku'],
    ['a quote for an unknown product', [line('NOPE', 1, yen)], 'UNKNOWN_PRODUCT', 'lines[0].sku'],
    ['a product of another currency', [line('SAKE')], 'CURRENCY_MISMATCH', 'lines[0].sku'],
    [
      'a quote of another currency',
      [line('MUG', 1, yen)],
      'CURRENCY_MISMATCH',
      'lines[0].quoted_unit_price.currency_code',
    ],
    ['a penny over the limit', [line('YACHT'), line('MUG')], 'AMOUNT_OVER_LIMIT', 'lines'],
  ])('%s', (_, lines, reason, field) => {
    const error = refusal(lines);
    expect(error.reason).toBe(reason);
    expect(error.violations).toEqual([expect.objectContaining({ field, reason })]);
  });

  test('every bad line at once, up to what fits into a reply', () => {
    expect(refusal([line('NOPE'), line('MUG'), line('NADA')]).violations?.map(({ field }) => field)).toEqual([
      'lines[0].sku',
      'lines[2].sku',
    ]);
    expect(refusal(Array.from({ length: 1000 }, () => line('NOPE'))).violations).toHaveLength(20);
  });
});

test.each(['GBP', 'EUR', 'USD', 'CHF', 'JPY'])('%s is a currency we take', (currency) => {
  expect(checkCurrency('currency_code', currency)).toEqual([]);
});

test.each(['XXX', 'gbp', ''])('"%s" is none', (currency) => {
  expect(checkCurrency('currency_code', currency)).toEqual([
    expect.objectContaining({ field: 'currency_code', reason: 'UNKNOWN_CURRENCY' }),
  ]);
});
