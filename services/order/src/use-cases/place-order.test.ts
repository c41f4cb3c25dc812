import { expect, test } from '@jest/globals';
import { createFakeDatabase, openOn } from '../../test/support/fake-database.ts';
import { willingPayments } from '../../test/support/fake-payments.ts';
import type { Caller } from '../domain/caller.ts';
import { createCancelOrderSaga } from './cancel-order-saga.ts';
import { createPlaceOrderSaga } from './place-order-saga.ts';
import { createPlaceOrder, type PlaceOrderCommand } from './place-order.ts';

const NOW = new Date('2026-01-01T10:00:00Z');
const ADA: Caller = { subject: 'ada', tenant: 'default', trusted: false };
const GRACE: Caller = { subject: 'grace', tenant: 'default', trusted: false };
const IMPORTER: Caller = { subject: 'robot', tenant: 'default', trusted: true };
const REPLY = Uint8Array.of(1, 2, 3);
const COMMAND: PlaceOrderCommand = {
  key: 'key-1',
  customerId: '',
  currency: 'GBP',
  lines: [
    { sku: 'MUG', quantity: 2, quote: undefined },
    { sku: 'CLOCK', quantity: 1, quote: undefined },
  ],
};

function setUp() {
  const db = createFakeDatabase();
  const waits: unknown[] = [];
  let ids = 0;
  const ports = { open: openOn(db), payments: willingPayments, now: () => NOW };
  const saga = createPlaceOrderSaga({ ...ports, cancelSaga: createCancelOrderSaga(ports) });
  const replies = {
    wait: async (operation: unknown) => {
      waits.push(operation);
      return REPLY;
    },
  };
  const newId = () => `id-${(ids += 1)}`;
  const placeOrder = createPlaceOrder({ db, replies, saga, newId, now: () => NOW });
  const { signal } = new AbortController();
  return {
    db,
    waits,
    place: (command: PlaceOrderCommand, caller: Caller = ADA) => placeOrder(command, caller, signal),
  };
}

test('an order is written with its lines, its first event and its saga, and the reply is waited for', async () => {
  const { db, waits, place } = setUp();
  expect(await place(COMMAND)).toBe(REPLY);
  const { orders, events, sagas } = db.state();
  expect([...orders.values()]).toEqual([
    expect.objectContaining({
      id: 'id-1',
      paymentId: 'id-2',
      customerId: 'ada',
      status: 'PLACED',
      sequence: 1n,
      totalMinor: 2745n,
      createdAt: NOW,
    }),
  ]);
  expect(events).toHaveLength(1);
  expect(sagas).toEqual([{ type: 'place-order', orderId: 'id-1' }]);
  expect(waits).toEqual([
    { tenant: 'default', method: 'PlaceOrder', key: '["ada","key-1"]', subjectId: 'id-1' },
  ]);
});

test('the same key makes no second order and waits for the first one', async () => {
  const { db, waits, place } = setUp();
  await place(COMMAND);
  await place(COMMAND);
  expect(db.state().orders.size).toBe(1);
  expect(waits).toHaveLength(2);
  expect(waits[1]).toEqual(waits[0]);
});

test('once the order is decided, a repeat gets the stored reply without waiting', async () => {
  const { db, waits, place } = setUp();
  await place(COMMAND);
  const stored = Uint8Array.of(9);
  await db.unit.settle({ tenant: 'default', method: 'PlaceOrder', subjectId: 'id-1' }, stored);
  expect(await place(COMMAND)).toBe(stored);
  expect(waits).toHaveLength(1);
});

test('two customers may use the same key', async () => {
  const { db, place } = setUp();
  await place(COMMAND, ADA);
  await place(COMMAND, GRACE);
  expect([...db.state().orders.values()].map(({ customerId }) => customerId)).toEqual(['ada', 'grace']);
});

test.each<[string, Partial<PlaceOrderCommand>]>([
  ['quantity', { lines: [{ sku: 'MUG', quantity: 3, quote: undefined }] }],
  ['currency', { currency: 'EUR' }],
  ['customer', { customerId: 'grace' }],
  ['quote', { lines: [{ sku: 'MUG', quantity: 2, quote: { currency: 'GBP', amountMinor: 1n } }] }],
])('the same key with another %s is another request', async (_, change) => {
  const { place } = setUp();
  const request = { ...COMMAND, lines: [{ sku: 'MUG', quantity: 2, quote: undefined }] };
  await place(request, IMPORTER);
  await expect(place({ ...request, ...change }, IMPORTER)).rejects.toThrow('used for another request');
});

test.each<[string, Partial<PlaceOrderCommand>, string]>([
  ['an unknown product', { lines: [{ sku: 'NOPE', quantity: 1, quote: undefined }] }, 'UNKNOWN_PRODUCT'],
  ['an unknown currency', { currency: 'XXX' }, 'UNKNOWN_CURRENCY'],
  ['somebody else as the buyer', { customerId: 'grace' }, 'CUSTOMER_MISMATCH'],
  [
    'a price of their own',
    { lines: [{ sku: 'MUG', quantity: 1, quote: { currency: 'GBP', amountMinor: 1n } }] },
    'QUOTE_NOT_ALLOWED',
  ],
])('a customer who gives %s leaves nothing behind', async (_, change, reason) => {
  const { db, place } = setUp();
  await expect(place({ ...COMMAND, ...change })).rejects.toMatchObject({ reason });
  expect(db.state()).toMatchObject({ events: [], sagas: [] });
  expect(db.state().operations.size).toBe(0);
});

test('an importer buys for a customer at a quoted price', async () => {
  const { db, place } = setUp();
  const lines = [{ sku: 'MUG', quantity: 2, quote: { currency: 'GBP', amountMinor: 99n } }];
  await place({ ...COMMAND, customerId: 'grace', lines }, IMPORTER);
  expect(db.state().orders.get('id-1')).toMatchObject({ customerId: 'grace', totalMinor: 198n });
});
