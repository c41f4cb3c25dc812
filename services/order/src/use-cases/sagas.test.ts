import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { CancelOrderResponseSchema, OrderStatus, PlaceOrderResponseSchema } from '@millrace/contracts';
import type { Outcome, SagaView } from '@millrace/durable';
import type { Transaction } from 'kysely';
import { createFakeDatabase, openOn, type FakeDatabase } from '../../test/support/fake-database.ts';
import { willingPayments } from '../../test/support/fake-payments.ts';
import { place } from '../domain/order.ts';
import type { OrderSchema } from '../migrations/schema.ts';
import { createCancelOrderSaga } from './cancel-order-saga.ts';
import { createCancelOrder } from './cancel-order.ts';
import { createPlaceOrderSaga } from './place-order-saga.ts';
import type { OrderData } from './ports.ts';

const NOW = new Date('2026-01-01T10:00:00Z');
const ADA = { subject: 'ada', tenant: 'default', trusted: false };
const TX = {} as Transaction<OrderSchema>;
const DONE: Outcome<OrderData> = { kind: 'done' };

const VIEW: SagaView<OrderData> = {
  id: 'place-order/order-1',
  type: 'place-order',
  tenant: 'default',
  data: { orderId: 'order-1', paymentId: 'payment-1', currency: 'GBP', totalMinor: 250n },
  trace: undefined,
  attempts: 0,
};

/** A placed order, and its sagas to be led by hand through the moves that the engine would make. */
async function setUp({ quantity = 2 } = {}) {
  const db = createFakeDatabase();
  const ports = { open: openOn(db), payments: willingPayments, now: () => NOW };
  const cancelSaga = createCancelOrderSaga(ports);
  const placeSaga = createPlaceOrderSaga({ ...ports, cancelSaga });
  const lines = [{ sku: 'MUG', quantity, unitPriceMinor: 125n }];
  const ids = { id: 'order-1', paymentId: 'payment-1', tenant: 'default', customerId: 'ada' };
  await db.unit.once(
    {
      tenant: 'default',
      method: 'PlaceOrder',
      key: '["ada","key-1"]',
      fingerprint: '',
      subjectId: 'order-1',
    },
    () => db.unit.orders.insert(place({ ...ids, currency: 'GBP', lines, totalMinor: 250n }, NOW)),
  );
  const stepOf = (saga: typeof placeSaga, name: string) => {
    const step = saga.steps.find((one) => one.name === name);
    if (!step) throw new Error(`no step ${name}`);
    return step;
  };
  const cancelOrder = createCancelOrder({
    db,
    replies: { wait: async () => NOTHING },
    placeSaga,
    cancelSaga,
    now: () => NOW,
  });
  return {
    db,
    record: (name: string, outcome = DONE) => stepOf(placeSaga, name).record?.(TX, VIEW, outcome),
    undo: (name: string) => stepOf(placeSaga, name).recordUndo?.(TX, VIEW),
    giveUp: (reason: string) => placeSaga.compensated?.(TX, VIEW, reason),
    restock: () => stepOf(cancelSaga, 'restock').record?.(TX, { ...VIEW, type: 'cancel-order' }, DONE),
    cancel: () => cancelOrder('order-1', ADA, new AbortController().signal),
  };
}

const NOTHING = new Uint8Array();

function told(db: FakeDatabase): string[] {
  return db.state().events.map(({ status, sequence }) => `${sequence} ${status}`);
}

function stock(db: FakeDatabase) {
  return db.state().stock.get('MUG');
}

function reply(
  db: FakeDatabase,
  operation: string,
  schema: typeof PlaceOrderResponseSchema | typeof CancelOrderResponseSchema,
) {
  const bytes = db.state().operations.get(`default ${operation}`)?.reply;
  const order = bytes && fromBinary(schema, bytes).order;
  return order && `${OrderStatus[order.status]} ${order.statusReason}`.trim();
}

const placed = (db: FakeDatabase) => reply(db, 'PlaceOrder ["ada","key-1"]', PlaceOrderResponseSchema);
const cancelled = (db: FakeDatabase) => reply(db, 'CancelOrder order-1', CancelOrderResponseSchema);

test('an order that goes well is confirmed, its stock is taken and its reply is stored', async () => {
  const { db, record } = await setUp();
  await record('reserve');
  expect(stock(db)).toEqual({ onHand: 10, reserved: 2 });
  await record('authorize');
  await record('confirm');
  expect(told(db)).toEqual(['1 PLACED', '2 RESERVED', '3 AUTHORIZED', '4 CONFIRMED']);
  expect(stock(db)).toEqual({ onHand: 8, reserved: 0 });
  expect(placed(db)).toBe('CONFIRMED');
});

test('a shortage is refused and takes nothing', async () => {
  const { db, record, giveUp } = await setUp({ quantity: 11 });
  expect(await record('reserve')).toEqual({ kind: 'refused', reason: 'OUT_OF_STOCK' });
  expect(stock(db)).toEqual({ onHand: 10, reserved: 0 });
  await giveUp('OUT_OF_STOCK');
  expect(told(db)).toEqual(['1 PLACED', '2 REJECTED']);
  expect(placed(db)).toBe('REJECTED OUT_OF_STOCK');
});

test('a declined payment gives the stock back', async () => {
  const { db, record, undo, giveUp } = await setUp();
  await record('reserve');
  await record('authorize', { kind: 'refused', reason: 'PAYMENT_DECLINED' });
  await undo('reserve');
  await giveUp('PAYMENT_DECLINED');
  expect(told(db)).toEqual(['1 PLACED', '2 RESERVED', '3 REJECTED']);
  expect(stock(db)).toEqual({ onHand: 10, reserved: 0 });
  expect(placed(db)).toBe('REJECTED PAYMENT_DECLINED');
});

test('a cancellation before the capture undoes what was done, also what was under way', async () => {
  const { db, record, undo, giveUp, cancel } = await setUp();
  await record('reserve');
  await cancel();
  await record('authorize');
  await undo('reserve');
  await giveUp('CUSTOMER_REQUEST');
  expect(told(db)).toEqual(['1 PLACED', '2 RESERVED', '3 CANCELLING', '4 CANCELLED']);
  expect(stock(db)).toEqual({ onHand: 10, reserved: 0 });
  expect(placed(db)).toBe('CANCELLED CUSTOMER_REQUEST');
  expect(cancelled(db)).toBe('CANCELLED CUSTOMER_REQUEST');
});

test('a cancellation that comes too late for that is carried out as soon as the order is confirmed', async () => {
  const { db, record, cancel, restock } = await setUp();
  await record('reserve');
  await record('authorize');
  db.sagaTurnsBack = false;
  await cancel();
  expect(told(db)).toEqual(['1 PLACED', '2 RESERVED', '3 AUTHORIZED']);
  await record('confirm');
  expect(db.state().sagas).toEqual([{ type: 'cancel-order', orderId: 'order-1' }]);
  expect(placed(db)).toBe('CONFIRMED');
  await restock();
  expect(told(db).slice(3)).toEqual(['4 CONFIRMED', '5 CANCELLING', '6 CANCELLED']);
  expect(stock(db)).toEqual({ onHand: 10, reserved: 0 });
  expect(cancelled(db)).toBe('CANCELLED CUSTOMER_REQUEST');
});

test('a cancellation while the order is being undone anyway ends as one', async () => {
  const { db, record, undo, giveUp, cancel } = await setUp();
  await record('reserve');
  db.sagaTurnsBack = false;
  await cancel();
  await undo('reserve');
  await giveUp('PAYMENT_DECLINED');
  expect(told(db).slice(2)).toEqual(['3 CANCELLING', '4 CANCELLED']);
  expect(cancelled(db)).toBe('CANCELLED CUSTOMER_REQUEST');
});

test('a confirmed order is refunded once, however often that is asked for', async () => {
  const { db, record, cancel, restock } = await setUp();
  for (const step of ['reserve', 'authorize', 'confirm']) await record(step);
  db.sagaTurnsBack = false;
  await cancel();
  await cancel();
  expect(db.state().sagas).toHaveLength(1);
  await restock();
  const bytes = await cancel();
  expect(fromBinary(CancelOrderResponseSchema, bytes).order?.status).toBe(OrderStatus.CANCELLED);
});

test('a rejected order cannot be cancelled', async () => {
  const { db, giveUp, cancel } = await setUp();
  await giveUp('OUT_OF_STOCK');
  await expect(cancel()).rejects.toMatchObject({ reason: 'ORDER_NOT_CANCELLABLE' });
  expect(db.state().operations.has('default CancelOrder order-1')).toBe(false);
});
