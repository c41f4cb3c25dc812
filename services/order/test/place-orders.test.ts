import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { fieldViolations, fromStatus } from '@millrace/rpc';
import { OrderStatus, type PlaceOrdersResponse } from '@millrace/contracts';
import { createGate } from './support/gate.ts';
import { anOrder, read, startRig, type Rig } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterEach(() => rig.payments.behave());
afterAll(() => rig.stop());

type Request = { correlationId: bigint; order?: ReturnType<typeof anOrder> };

async function* each(requests: readonly Request[]): AsyncIterable<Request> {
  yield* requests;
}

async function all(replies: AsyncIterable<PlaceOrdersResponse>): Promise<Map<bigint, PlaceOrdersResponse>> {
  const found = new Map<bigint, PlaceOrdersResponse>();
  for await (const reply of replies) found.set(reply.correlationId, reply);
  return found;
}

function statusOf(reply: PlaceOrdersResponse | undefined): string {
  if (reply?.result.case === 'order') return OrderStatus[reply.result.value.status];
  if (reply?.result.case === 'error') return fromStatus(reply.result.value).reason;
  return 'NOTHING';
}

test('many orders go over one stream, with a reply for each', async () => {
  const { orders } = rig.as();
  const requests = Array.from({ length: 300 }, (_, index) => ({
    correlationId: BigInt(index),
    order: anOrder(),
  }));
  const replies = await all(orders.placeOrders(each(requests)));
  expect(replies.size).toBe(300);
  expect(new Set([...replies.values()].map(statusOf))).toEqual(new Set(['CONFIRMED']));
});

test('each order of a stream is served by the policy that holds in the process', async () => {
  const own = await startRig(
    {},
    { POLICIES: '{"shop.order.v1.OrderService/PlaceOrder": {"deadline_ms": 1}}' },
  );
  try {
    const replies = await all(own.as().orders.placeOrders(each([{ correlationId: 1n, order: anOrder() }])));
    expect(statusOf(replies.get(1n))).toBe('DEADLINE_EXCEEDED');
  } finally {
    await own.stop();
  }
});

test('an order that cannot be placed ends with its error, and the stream goes on', async () => {
  const { orders } = rig.as();
  const reused = anOrder();
  await orders.placeOrder(reused);
  const replies = await all(
    orders.placeOrders(
      each([
        { correlationId: 1n, order: { ...anOrder(), lines: [{ sku: 'MUG', quantity: 0 }] } },
        { correlationId: 2n, order: anOrder({ NOPE: 1 }) },
        { correlationId: 3n },
        { correlationId: 4n, order: anOrder({ MUG: 5 }, reused.idempotencyKey) },
        { correlationId: 5n, order: anOrder() },
      ]),
    ),
  );
  const errorOf = (id: bigint) => {
    const { result } = replies.get(id) ?? {};
    return result?.case === 'error' ? fromStatus(result.value) : undefined;
  };
  const fieldsOf = (id: bigint) => fieldViolations(errorOf(id)!).map(({ field }) => field);
  expect(fieldsOf(1n)).toEqual(['lines[0].quantity']);
  expect(fieldsOf(2n)).toEqual(['lines[0].sku']);
  expect(fieldsOf(3n)).toEqual(expect.arrayContaining(['idempotency_key', 'lines']));
  expect(errorOf(4n)).toMatchObject({ reason: 'IDEMPOTENCY_KEY_REUSED' });
  expect(statusOf(replies.get(5n))).toBe('CONFIRMED');
});

test('replies come as orders are decided, not as they were sent', async () => {
  const gate = createGate();
  let isFirst = true;
  rig.payments.before('authorize', () => {
    const wait = isFirst;
    isFirst = false;
    return wait ? gate.pass() : undefined;
  });
  const { orders } = rig.as();
  const sent: bigint[] = [];
  async function* slowThenFast() {
    yield { correlationId: 1n, order: anOrder() };
    await gate.reached;
    yield { correlationId: 2n, order: anOrder() };
  }
  for await (const { correlationId } of orders.placeOrders(slowThenFast())) {
    sent.push(correlationId);
    gate.open();
  }
  expect(sent).toEqual([2n, 1n]);
});

test('no more orders are taken from a stream than can be under way at once', async () => {
  const gate = createGate();
  let held = 0;
  const full = Promise.withResolvers<void>();
  rig.payments.before('authorize', () => {
    if ((held += 1) === 64) full.resolve();
    return gate.pass();
  });
  const subject = randomUUID();
  const requests = Array.from({ length: 200 }, (_, index) => ({
    correlationId: BigInt(index),
    order: anOrder(),
  }));
  const replies = all(rig.as({ subject }).orders.placeOrders(each(requests)));
  await full.promise;
  const { orders } = await rig.as({ subject }).orders.listOrders({ pageSize: 200 });
  expect(orders).toHaveLength(64);
  gate.open();
  expect((await replies).size).toBe(200);
});

test('orders that were accepted go on to their end when the client vanishes', async () => {
  const gate = createGate();
  rig.payments.before('authorize', gate.pass);
  const subject = randomUUID();
  const { orders } = rig.as({ subject });
  const request = anOrder();
  const leaving = new AbortController();
  async function* oneThenNothing() {
    yield { correlationId: 1n, order: request };
    await new Promise<never>(() => undefined);
  }
  const replies = all(orders.placeOrders(oneThenNothing(), { signal: leaving.signal }));
  replies.catch(() => undefined);
  await gate.reached;
  leaving.abort();
  await expect(replies).rejects.toMatchObject({ reason: 'CANCELLED' });
  gate.open();
  expect(read(await orders.placeOrder(request)).state).toBe('CONFIRMED');
});

test('one key on two streams is one order', async () => {
  const { orders } = rig.as();
  const requests = Array.from({ length: 50 }, (_, index) => ({
    correlationId: BigInt(index),
    order: anOrder(),
  }));
  const [first, second] = await Promise.all([
    all(orders.placeOrders(each(requests))),
    all(orders.placeOrders(each(requests))),
  ]);
  expect(first).toEqual(second);
  const { orders: placed } = await orders.listOrders({ pageSize: 200 });
  expect(placed).toHaveLength(50);
});

test('what is scarce is handed out in order of arrival, and only so much of it', async () => {
  const { orders } = rig.as();
  const requests = Array.from({ length: 12 }, (_, index) => ({
    correlationId: BigInt(index),
    order: anOrder({ SCARCE: 1, MUG: 1 }),
  }));
  const replies = await all(orders.placeOrders(each(requests)));
  const confirmed = requests.filter(({ correlationId: id }) => statusOf(replies.get(id)) === 'CONFIRMED');
  expect(confirmed.map(({ correlationId }) => correlationId)).toEqual([0n, 1n, 2n]);
});
