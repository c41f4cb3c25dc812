import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { OrderStatus } from '@millrace/contracts';
import { Code, Context, RpcError } from '@millrace/rpc';
import { sql } from 'kysely';
import { createGate } from './support/gate.ts';
import { anOrder, eventually, read, startRig, type Rig } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => rig.payments.behave());
afterAll(() => rig.stop());

async function stockOf(sku: string) {
  const { rows } = await rig.db.read((db) =>
    sql<{ on_hand: bigint; reserved: bigint }>`
      SELECT on_hand, reserved FROM products WHERE tenant = 'default' AND sku = ${sku}`.execute(db),
  );
  return rows[0];
}

const movesOf = (paymentId: string) =>
  rig.payments.ledger.filter((entry) => entry.paymentId === paymentId).map(({ method }) => method);

test('an order is reserved, paid and confirmed before its reply', async () => {
  const { orders } = rig.as({ subject: 'ada' });
  const before = await stockOf('LANTERN');
  const order = read(await orders.placeOrder(anOrder({ LANTERN: 2, MUG: 1 })));
  expect(order).toMatchObject({
    state: 'CONFIRMED',
    customerId: 'ada',
    lines: [
      { sku: 'LANTERN', quantity: 2, unitPrice: { currencyCode: 'GBP', amountMinor: 339n } },
      { sku: 'MUG', quantity: 1, unitPrice: { currencyCode: 'GBP', amountMinor: 125n } },
    ],
    total: { currencyCode: 'GBP', amountMinor: 803n },
    sequence: 4n,
  });
  expect(rig.payments.ledger.filter(({ paymentId }) => paymentId === order.paymentId)).toMatchObject([
    { method: 'authorize', amountMinor: 803n },
    { method: 'capture', amountMinor: 803n },
  ]);
  expect(await stockOf('LANTERN')).toEqual({ on_hand: before!.on_hand - 2n, reserved: 0n });
});

test('payments are asked for by the service itself, for the tenant and in the trace of the order', async () => {
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
  const context = new Context({ trace });
  const { paymentId } = read(await rig.as({ subject: 'ada' }).orders.placeOrder(anOrder(), { context }));
  const [authorize, capture] = rig.payments.calls.filter((one) => one.paymentId === paymentId);
  for (const call of [authorize, capture]) {
    const principal = { subject: 'order', tenant: 'default', roles: ['service:order'] };
    expect(call?.context.principal).toMatchObject(principal);
    expect(call?.context.trace?.traceId).toBe(trace.traceId);
  }
});

test('an order may have a thousand lines', async () => {
  const lines = Array.from({ length: 1000 }, (_, index) => ({
    sku: index % 2 ? 'MUG' : 'CANDLE',
    quantity: 1,
  }));
  const order = read(await rig.as().orders.placeOrder({ ...anOrder(), lines }));
  expect(order).toMatchObject({ state: 'CONFIRMED', total: { amountMinor: 500n * 125n + 500n * 450n } });
  expect(order.lines.map(({ sku }) => sku)).toEqual(lines.map(({ sku }) => sku));
});

test('an importer buys for a customer at a quoted price, in yen too', async () => {
  const lines = [{ sku: 'MUG', quantity: 3, quotedUnitPrice: { currencyCode: 'JPY', amountMinor: 200n } }];
  const request = { ...anOrder(), currencyCode: 'JPY', customerId: 'grace', lines };
  const order = read(await rig.as({ roles: ['importer'] }).orders.placeOrder(request));
  expect(order).toMatchObject({ customerId: 'grace', total: { currencyCode: 'JPY', amountMinor: 600n } });
});

test('a declined payment is a rejected order, for every repeat of the key', async () => {
  rig.payments.decline(90_000_002n);
  const { orders } = rig.as();
  const before = await stockOf('TEST-DECLINED');
  const request = anOrder({ 'TEST-DECLINED': 1 });
  const first = await orders.placeOrder(request);
  expect(read(first)).toMatchObject({ state: 'REJECTED', statusReason: 'PAYMENT_DECLINED' });
  expect(await orders.placeOrder(request)).toEqual(first);
  expect(await stockOf('TEST-DECLINED')).toEqual(before);
});

describe('one key', () => {
  test('makes one order, and equal replies, for twenty requests at once', async () => {
    const { orders } = rig.as();
    const request = anOrder();
    const replies = await Promise.all(Array.from({ length: 20 }, () => orders.placeOrder(request)));
    for (const reply of replies) expect(reply).toEqual(replies[0]);
    const { orders: placed } = await orders.listOrders({});
    expect(placed).toHaveLength(1);
    expect(movesOf(read(replies[0]!).paymentId)).toEqual(['authorize', 'capture']);
  });

  test('is refused for another request', async () => {
    const { orders } = rig.as();
    const request = anOrder();
    await orders.placeOrder(request);
    await expect(orders.placeOrder(anOrder({ MUG: 3 }, request.idempotencyKey))).rejects.toMatchObject({
      code: Code.ALREADY_EXISTS,
      reason: 'IDEMPOTENCY_KEY_REUSED',
    });
  });

  test('of another customer or another tenant is another key', async () => {
    const key = randomUUID();
    await rig.as({ subject: 'admin', roles: ['admin'], tenant: 'acme' }).catalog.putProducts({
      products: [{ sku: 'MUG', unitPrice: { currencyCode: 'GBP', amountMinor: 1n }, available: 10n }],
    });
    const callers = [{ subject: 'one' }, { subject: 'two' }, { subject: 'one', tenant: 'acme' }];
    const placed = await Promise.all(
      callers.map((who) => rig.as(who).orders.placeOrder(anOrder({ MUG: 1 }, key))),
    );
    expect(new Set(placed.map((reply) => read(reply).id)).size).toBe(3);
  });
});

describe('stock', () => {
  test('of three pieces goes to three of a hundred buyers', async () => {
    const replies = await Promise.all(
      Array.from({ length: 100 }, () => rig.as().orders.placeOrder(anOrder({ SCARCE: 1 }))),
    );
    const ends = Object.groupBy(replies.map(read), ({ state, statusReason }) => `${state} ${statusReason}`);
    expect(Object.entries(ends).map(([end, orders]) => [end, orders?.length])).toEqual(
      expect.arrayContaining([
        ['CONFIRMED ', 3],
        ['REJECTED OUT_OF_STOCK', 97],
      ]),
    );
    expect(await stockOf('SCARCE')).toEqual({ on_hand: 0n, reserved: 0n });
  });

  test('of many products is shared by many orders in any order without a deadlock', async () => {
    const skus = ['BUNTING', 'CANDLE', 'CLOCK', 'LIGHTS', 'MUG', 'TEAPOT'];
    const shuffled = (seed: number) => skus.toSorted((one, other) => hash(one, seed) - hash(other, seed));
    const hash = (text: string, seed: number) => (text.charCodeAt(0) * (seed + 7) * 31) % 17;
    const replies = await Promise.all(
      Array.from({ length: 60 }, (_, seed) =>
        rig.as().orders.placeOrder(anOrder(Object.fromEntries(shuffled(seed).map((sku) => [sku, 1])))),
      ),
    );
    expect(replies.map((reply) => read(reply).state)).toEqual(replies.map(() => 'CONFIRMED'));
    const { rows } = await rig.db.read((db) =>
      sql<{ deadlocks: bigint }>`
        SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`.execute(db),
    );
    expect(rows[0]?.deadlocks).toBe(0n);
  });

  test('is taken by all lines of an order or by none', async () => {
    const before = await stockOf('MUG');
    const order = read(await rig.as().orders.placeOrder(anOrder({ MUG: 1, SCARCE: 1000 })));
    expect(order).toMatchObject({ state: 'REJECTED', statusReason: 'OUT_OF_STOCK' });
    expect(await stockOf('MUG')).toEqual(before);
    expect(movesOf(order.paymentId)).toEqual([]);
  });
});

describe('an unknown outcome', () => {
  test.each(['authorize', 'capture'] as const)(
    'of %s is asked for again with the same key',
    async (method) => {
      let failures = 2;
      rig.payments.after(method, () => {
        if ((failures -= 1) >= 0) throw new RpcError(Code.UNAVAILABLE, 'the answer is lost');
      });
      const order = read(await rig.as().orders.placeOrder(anOrder()));
      expect(order.state).toBe('CONFIRMED');
      expect(movesOf(order.paymentId)).toEqual(['authorize', 'capture']);
      const asked = rig.payments.calls.filter(
        (call) => call.paymentId === order.paymentId && call.method === method,
      );
      expect(asked).toHaveLength(3);
      expect(new Set(asked.map(({ key }) => key)).size).toBe(1);
    },
  );
});

describe('a caller who stops waiting', () => {
  async function abandon(leave: (cancel: () => void) => void, options: { timeoutMs?: number }) {
    const gate = createGate();
    rig.payments.before('authorize', gate.pass);
    const { orders } = rig.as();
    const request = anOrder();
    const leaving = new AbortController();
    const waiting = orders.placeOrder(request, { signal: leaving.signal, ...options });
    waiting.catch(() => undefined);
    await gate.reached;
    leave(() => leaving.abort());
    const failure = await waiting.catch((error: unknown) => error);
    gate.open();
    return { failure, order: read(await orders.placeOrder(request)) };
  }

  test('because the deadline has passed gets DEADLINE_EXCEEDED; the order goes on and the key brings its reply', async () => {
    const { failure, order } = await abandon(() => undefined, { timeoutMs: 500 });
    expect(failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(order.state).toBe('CONFIRMED');
    expect(movesOf(order.paymentId)).toEqual(['authorize', 'capture']);
  });

  test('because they left does not stop the order either', async () => {
    const { failure, order } = await abandon((cancel) => cancel(), {});
    expect(failure).toMatchObject({ code: Code.CANCELLED });
    expect(order.state).toBe('CONFIRMED');
  });
});

test('without its database the service says so and when to come back, and then goes on where it was', async () => {
  const gate = createGate();
  rig.payments.after('authorize', gate.pass);
  const { orders } = rig.as();
  const request = anOrder();
  const placing = orders.placeOrder(request);
  await gate.reached;
  rig.wire.cut();
  const unavailable = {
    code: Code.UNAVAILABLE,
    reason: 'DATABASE_UNAVAILABLE',
    retryDelayMs: expect.any(Number),
  };
  await expect(orders.placeOrder(anOrder())).rejects.toMatchObject(unavailable);
  await expect(orders.listOrders({})).rejects.toMatchObject(unavailable);
  gate.open();
  rig.wire.mend();
  const order = read(await placing);
  expect(order.state).toBe('CONFIRMED');
  expect(movesOf(order.paymentId)).toEqual(['authorize', 'capture']);
}, 60_000);

test('what the payment service tells is kept with the order', async () => {
  const { id, paymentId } = read(await rig.as().orders.placeOrder(anOrder()));
  await rig.tellPayment({ paymentId, status: 'CAPTURED', sequence: 3n });
  await rig.tellPayment({ paymentId, status: 'AUTHORIZED', sequence: 2n });
  const status = await eventually(async () => {
    const { rows } = await rig.db.read((db) =>
      sql<{ payment_status: string | null; handled: bigint }>`
        SELECT payment_status, (SELECT count(*) FROM inbox) AS handled FROM orders WHERE id = ${id}`.execute(
        db,
      ),
    );
    return rows[0]?.handled === 2n ? rows[0].payment_status : undefined;
  });
  expect(status).toBe('CAPTURED');
  const { order } = await rig.as({ roles: ['admin'] }).orders.getOrder({ orderId: id });
  expect(order?.status).toBe(OrderStatus.CONFIRMED);
});
