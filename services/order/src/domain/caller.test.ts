import { describe, expect, test } from '@jest/globals';
import { buyer, checkQuotes, maySee, type Caller } from './caller.ts';

const ADA: Caller = { subject: 'ada', tenant: 'default', trusted: false };
const IMPORTER: Caller = { subject: 'robot', tenant: 'default', trusted: true };
const QUOTE = { sku: 'MUG', quantity: 1, quote: { currency: 'GBP', amountMinor: 1n } };
const PLAIN = { sku: 'MUG', quantity: 1, quote: undefined };

describe('who buys', () => {
  test.each([
    ['a customer who names nobody', ADA, '', 'ada'],
    ['a customer who names herself', ADA, 'ada', 'ada'],
    ['an importer who names a customer', IMPORTER, 'grace', 'grace'],
    ['an importer who names nobody', IMPORTER, '', 'robot'],
  ])('%s', (_, caller, customerId, expected) => {
    expect(buyer(caller, customerId)).toBe(expected);
  });

  test('a customer cannot buy for somebody else', () => {
    expect(() => buyer(ADA, 'grace')).toThrow(
      expect.objectContaining({
        reason: 'CUSTOMER_MISMATCH',
        violations: [expect.objectContaining({ field: 'customer_id' })],
      }),
    );
  });
});

describe('quoted prices', () => {
  test('are for importers', () => {
    expect(() => checkQuotes(IMPORTER, [PLAIN, QUOTE])).not.toThrow();
  });

  test('are refused from customers, with the line', () => {
    expect(() => checkQuotes(ADA, [PLAIN, QUOTE])).toThrow(
      expect.objectContaining({
        reason: 'QUOTE_NOT_ALLOWED',
        violations: [expect.objectContaining({ field: 'lines[1].quoted_unit_price' })],
      }),
    );
  });
});

test.each([
  ['the own order', ADA, { tenant: 'default', customerId: 'ada' }, true],
  ["another customer's order", ADA, { tenant: 'default', customerId: 'grace' }, false],
  ['an order of the same name in another tenant', ADA, { tenant: 'acme', customerId: 'ada' }, false],
  ["any order of an importer's tenant", IMPORTER, { tenant: 'default', customerId: 'ada' }, true],
  ["an order of a tenant that is not the importer's", IMPORTER, { tenant: 'acme', customerId: 'ada' }, false],
])('seeing %s', (_, caller, order, expected) => {
  expect(maySee(caller, order)).toBe(expected);
});
