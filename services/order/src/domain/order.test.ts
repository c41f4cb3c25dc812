import { expect, test } from '@jest/globals';
import { move, place, type Order, type OrderStatus } from './order.ts';

const PLACED_AT = new Date('2026-01-01T10:00:00Z');
const LATER = new Date('2026-01-01T10:00:05Z');

const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PLACED: ['RESERVED', 'REJECTED', 'CANCELLING'],
  RESERVED: ['AUTHORIZED', 'REJECTED', 'CANCELLING'],
  AUTHORIZED: ['CONFIRMED', 'REJECTED', 'CANCELLING'],
  CONFIRMED: ['CANCELLING'],
  CANCELLING: ['CANCELLED'],
  REJECTED: [],
  CANCELLED: [],
};
const STATUSES = Object.keys(NEXT) as OrderStatus[];
const MOVES = STATUSES.flatMap((from) => STATUSES.map((to) => [from, to, NEXT[from].includes(to)] as const));

function placed(): Order {
  const lines = [{ sku: 'MUG', quantity: 2, unitPriceMinor: 125n }];
  const ids = { id: 'order-1', paymentId: 'payment-1', tenant: 'default', customerId: 'ada' };
  return place({ ...ids, currency: 'GBP', lines, totalMinor: 250n }, PLACED_AT);
}

test('a new order is placed, and that is its first change', () => {
  expect(placed()).toMatchObject({
    status: 'PLACED',
    statusReason: '',
    sequence: 1n,
    cancelRequested: false,
    createdAt: PLACED_AT,
    updatedAt: PLACED_AT,
  });
});

test.each(MOVES.filter(([, , allowed]) => allowed))(
  'from %s an order can become %s, which is one change',
  (from, to) => {
    const order: Order = { ...placed(), status: from, sequence: 7n };
    expect(move(order, to, LATER)).toEqual({ ...order, status: to, sequence: 8n, updatedAt: LATER });
    expect(order.sequence).toBe(7n);
  },
);

test.each(MOVES.filter(([, , allowed]) => !allowed))('from %s an order cannot become %s', (from, to) => {
  expect(() => move({ ...placed(), status: from }, to, LATER)).toThrow(`cannot go from ${from} to ${to}`);
});
