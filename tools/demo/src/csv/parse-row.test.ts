import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePrice } from './parse-price.ts';
import { COLUMNS, parseRow } from './parse-row.ts';

const GOOD = ['536365', '85123A', 'HEART', '6', '2010-12-01T08:26:00', '2.55', '17850', 'United Kingdom'];

function row(patch: Partial<Record<(typeof COLUMNS)[number], string>>) {
  const fields = COLUMNS.map((column, at) => patch[column] ?? GOOD[at]);
  return parseRow(7, fields.join(','), COLUMNS);
}

describe('an order line', () => {
  test('is read with its price in minor units', () => {
    expect(row({})).toEqual({
      line: 7,
      invoice: '536365',
      isReturn: false,
      sku: '85123A',
      description: 'HEART',
      quantity: 6,
      unitPriceMinor: 255n,
      customer: '17850',
    });
  });

  test('without a customer is a guest’s', () => {
    expect(row({ CustomerID: '' })).toMatchObject({ customer: undefined });
  });

  test('of a cancellation gives back pieces', () => {
    expect(row({ InvoiceNo: 'C536379', Quantity: '-3' })).toMatchObject({ isReturn: true, quantity: 3 });
  });

  test('keeps commas and quotes of a quoted field', () => {
    expect(row({ Description: '"A ""B"", C"' })).toMatchObject({ description: 'A "B", C' });
  });

  test('may have its columns in another order', () => {
    const columns = [...COLUMNS].reverse();
    expect(parseRow(1, [...GOOD].reverse().join(','), columns)).toMatchObject({ sku: '85123A', quantity: 6 });
  });

  test.each([
    ['zero price', { UnitPrice: '0' }],
    ['zero price', { UnitPrice: '0.00' }],
    ['negative price', { UnitPrice: '-11062.06' }],
    ['broken price', { UnitPrice: '2.5x' }],
    ['broken price', { UnitPrice: '' }],
    ['broken price', { UnitPrice: '1e3' }],
    ['broken price', { UnitPrice: '2.555' }],
    ['quantity is not a positive whole number in a sale', { Quantity: '-10' }],
    ['quantity is not a positive whole number in a sale', { Quantity: '0' }],
    ['quantity is not a positive whole number in a sale', { Quantity: '1.5' }],
    ['quantity is not a positive whole number in a sale', { Quantity: '' }],
    ['quantity is over 1,000,000', { Quantity: '1000001' }],
    ['quantity is not a negative whole number in a cancellation', { InvoiceNo: 'C1', Quantity: '3' }],
    ['bad date', { InvoiceDate: '2010-02-30T08:00:00' }],
    ['bad date', { InvoiceDate: 'yesterday' }],
    ['bad date', { InvoiceDate: '2010-12-01T25:00:00' }],
    ['missing or broken invoice number', { InvoiceNo: '' }],
    ['missing or overlong stock code', { StockCode: '' }],
    ['control characters', { Description: 'A\u0000B' }],
    ['description is longer than 200 characters', { Description: 'x'.repeat(201) }],
    ['broken quotes', { Description: '"open' }],
    ['extra columns', { Description: 'A,B' }],
  ])('is refused: %s, %j', (reason, patch) => {
    expect(row(patch)).toMatchObject({ line: 7, reason });
  });

  test('with too few columns is refused', () => {
    expect(parseRow(3, '536365,85123A', COLUMNS)).toMatchObject({ line: 3, reason: 'missing columns' });
  });

  test('never throws, whatever it is', () => {
    fc.assert(fc.property(fc.string({ maxLength: 80 }), (text) => void parseRow(1, text, COLUMNS)));
  });
});

describe('a price', () => {
  test('is exact for every amount', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n - 1n }), (minor) => {
        const digits = String(minor).padStart(3, '0');
        expect(parsePrice(`${digits.slice(0, -2)}.${digits.slice(-2)}`)).toBe(minor);
      }),
    );
  });

  test.each([
    ['4', 400n],
    ['0.1', 10n],
    ['2.5500', 255n],
    [' 1.25 ', 125n],
  ])('of %j is %s minor units', (text, minor) => {
    expect(parsePrice(text)).toBe(minor);
  });

  test('of a currency without minor digits has none', () => {
    expect(parsePrice('500', 0)).toBe(500n);
    expect(parsePrice('500.5', 0)).toBe('broken price');
  });
});
