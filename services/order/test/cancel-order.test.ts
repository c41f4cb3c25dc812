import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Code } from '@millrace/rpc';
import { sql } from 'kysely';
import { createGate } from './support/gate.ts';
import { anOrder, eventually, read, startRig, take, type Rig, type Shop } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => rig.payments.behave());
afterAll(() => rig.stop());

const movesOf = (paymentId: string) =>
  rig.payments.ledger.filter((entry) => entry.paymentId === paymentId).map(({ method }) => method);

async function reservedMugs() {
  const { rows } = await rig.db.read((db) =>
    sql<{ on_hand: bigint; reserved: bigint }>`
      SELECT on_hand, reserved FROM products WHERE tenant = 'default' AND sku = 'MUG'`.execute(db),
  );
  return rows[0];
}

/** An order that is held in one call to the payment service. */
async function placeAndHold({ orders }: Shop, method: 'authorize' | 'capture') {
  const gate = createGate();
  rig.payments.before(method, gate.pass);
  const placing = orders.placeOrder(anOrder());
  await gate.reached;
  const { orders: found } = await orders.listOrders({});
  const [order] = found;
  if (!order) throw new Error('no order was placed');
  return { gate, placing, order };
}

/** Resolves when the cancellation of an order is on disk, whatever has come of it by then. */
async function isAsked(orderId: string) {
  await eventually(async () => {
    const { rows } = await rig.db.read((db) =>
      sql`SELECT 1 FROM operations WHERE method = 'CancelOrder' AND key = ${orderId}`.execute(db),
    );
    return rows[0];
  });
}

test('an order that is not paid yet is undone: the hold is given up and the stock released', async () => {
  const stock = await reservedMugs();
  const shop = rig.as();
  const { gate, placing, order } = await placeAndHold(shop, 'authorize');
  const cancelling = shop.orders.cancelOrder({ orderId: order.id });
  await isAsked(order.id);
  gate.open();
  const cancelled = read(await cancelling);
  expect(cancelled).toMatchObject({ id: order.id, state: 'CANCELLED', statusReason: 'CUSTOMER_REQUEST' });
  expect(read(await placing)).toMatchObject({ state: 'CANCELLED' });
  expect(movesOf(order.paymentId)).toEqual(['authorize', 'void']);
  expect(await reservedMugs()).toEqual(stock);
});

test('an order whose payment is being taken is confirmed, then refunded', async () => {
  const stock = await reservedMugs();
  const shop = rig.as();
  const { gate, placing, order } = await placeAndHold(shop, 'capture');
  const cancelling = shop.orders.cancelOrder({ orderId: order.id });
  await isAsked(order.id);
  gate.open();
  expect(read(await placing)).toMatchObject({ state: 'CONFIRMED' });
  expect(read(await cancelling)).toMatchObject({ state: 'CANCELLED', statusReason: 'CUSTOMER_REQUEST' });
  expect(movesOf(order.paymentId)).toEqual(['authorize', 'capture', 'refund']);
  expect(await reservedMugs()).toEqual(stock);
  const events = await take(shop.orders.watchOrders({ cursor: '0', orderId: order.id }), 6);
  expect(events.map(({ order: changed }) => changed?.sequence)).toEqual([1n, 2n, 3n, 4n, 5n, 6n]);
});

test('a confirmed order is refunded and restocked, once for many requests', async () => {
  const stock = await reservedMugs();
  const { orders } = rig.as();
  const { id, paymentId } = read(await orders.placeOrder(anOrder()));
  const replies = await Promise.all(Array.from({ length: 10 }, () => orders.cancelOrder({ orderId: id })));
  for (const reply of replies) expect(reply).toEqual(replies[0]);
  expect(read(replies[0]!)).toMatchObject({ state: 'CANCELLED', sequence: 6n });
  expect(movesOf(paymentId)).toEqual(['authorize', 'capture', 'refund']);
  expect(await reservedMugs()).toEqual(stock);
  expect(await orders.cancelOrder({ orderId: id })).toEqual(replies[0]);
});

test('orders cancelled at any moment end cancelled, and the books balance', async () => {
  const before = rig.payments.balanceMinor();
  const stock = await reservedMugs();
  const shop = rig.as();
  const watching = new AbortController();
  const events = shop.orders.watchOrders({ cursor: '' }, { signal: watching.signal });
  const cancelled: Promise<unknown>[] = [];
  const placed: Promise<unknown>[] = [];
  const total = 40;
  // Each event of an order is one moment to cancel it: the first of the first order, the second of the second, ...
  const moments = new Map<string, number>();
  const reading = (async () => {
    for await (const { event } of events) {
      const { id = '', sequence = 0n } = event?.order ?? {};
      if (!moments.has(id)) moments.set(id, (moments.size % 4) + 1);
      if (sequence === BigInt(moments.get(id) ?? 0)) cancelled.push(shop.orders.cancelOrder({ orderId: id }));
      if (cancelled.length === total) break;
    }
  })();
  for (let count = 0; count < total; count += 1) placed.push(shop.orders.placeOrder(anOrder()));
  await reading;
  const ends = await Promise.all(cancelled);
  await Promise.all(placed);
  for (const end of ends) expect(read(end as Parameters<typeof read>[0]).state).toBe('CANCELLED');
  expect(rig.payments.balanceMinor()).toBe(before);
  expect(await reservedMugs()).toEqual(stock);
});

test('a rejected order cannot be cancelled', async () => {
  rig.payments.decline(90_000_002n);
  const { orders } = rig.as();
  const { id } = read(await orders.placeOrder(anOrder({ 'TEST-DECLINED': 1 })));
  await expect(orders.cancelOrder({ orderId: id })).rejects.toMatchObject({
    code: Code.FAILED_PRECONDITION,
    reason: 'ORDER_NOT_CANCELLABLE',
  });
});

test('an order that is not there, or not the own one, is not found', async () => {
  const { id } = read(await rig.as().orders.placeOrder(anOrder()));
  const notFound = { code: Code.NOT_FOUND, reason: 'ORDER_NOT_FOUND' };
  const outsider = { subject: 'boss', roles: ['admin'], tenant: 'acme' };
  await expect(rig.as().orders.cancelOrder({ orderId: randomUUID() })).rejects.toMatchObject(notFound);
  await expect(rig.as().orders.cancelOrder({ orderId: id })).rejects.toMatchObject(notFound);
  await expect(rig.as(outsider).orders.cancelOrder({ orderId: id })).rejects.toMatchObject(notFound);
  const admin = rig.as({ subject: 'boss', roles: ['admin'] });
  expect(read(await admin.orders.cancelOrder({ orderId: id.toUpperCase() })).state).toBe('CANCELLED');
});
