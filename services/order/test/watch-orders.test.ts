import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OrderEvent, WatchOrdersResponse } from '@millrace/contracts';
import { Code, watch } from '@millrace/rpc';
import { anOrder, read, startRig, take, type Rig, type Shop } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const nameOf = ({ order }: OrderEvent) => `${order?.id} ${order?.sequence}`;

async function placeMany({ orders }: Shop, count: number) {
  const placed = await Promise.all(Array.from({ length: count }, () => orders.placeOrder(anOrder())));
  return placed.map(read);
}

test('every change of every order is told once, in the order of its sequence', async () => {
  const shop = rig.as();
  const events = take(shop.orders.watchOrders({ cursor: '0' }), 40);
  const placed = await placeMany(shop, 10);
  const seen = await events;
  for (const { id } of placed) {
    const changes = seen.filter(({ order }) => order?.id === id);
    expect(changes.map(({ order }) => order?.sequence)).toEqual([1n, 2n, 3n, 4n]);
  }
});

test('a watcher who comes back with the last cursor misses nothing and sees nothing twice', async () => {
  const shop = rig.as();
  const placing = placeMany(shop, 10);
  const seen: OrderEvent[] = [];
  while (seen.length < 40) {
    const cursor = seen.at(-1)?.cursor ?? '0';
    seen.push(...(await take(shop.orders.watchOrders({ cursor }), Math.min(7, 40 - seen.length))));
  }
  await placing;
  expect(new Set(seen.map(nameOf)).size).toBe(40);
});

test('a watch outlives the process that it began with', async () => {
  const who = { subject: 'ada' };
  await placeMany(rig.as(who), 1);
  const seen: OrderEvent[] = [];
  const open = (cursor: string) => rig.as(who).orders.watchOrders({ cursor });
  const cursorOf = ({ event }: WatchOrdersResponse) => event?.cursor;
  for await (const { event } of watch({ open, cursorOf, from: '0' })) {
    if (event) seen.push(event);
    if (seen.length === 8) break;
    if (seen.length !== 2) continue;
    await rig.restart();
    await placeMany(rig.as(who), 1);
  }
  expect(seen.map(({ order }) => order?.sequence)).toEqual([1n, 2n, 3n, 4n, 1n, 2n, 3n, 4n]);
});

test('without a cursor a watch begins now', async () => {
  const shop = rig.as();
  await placeMany(shop, 1);
  // An event that is on disk becomes part of the stream a moment later; this one is by now.
  await take(shop.orders.watchOrders({ cursor: '0' }), 4);
  const watch = shop.orders.watchOrders({})[Symbol.asyncIterator]();
  const next = watch.next();
  // The watch is open when the server has answered something else on the same connection after it.
  await shop.orders.listOrders({});
  const [placed] = await placeMany(shop, 1);
  expect((await next).value?.event?.order).toMatchObject({ id: placed?.id, sequence: 1n });
  await watch.return?.();
});

test('a watch of one order tells of no other', async () => {
  const shop = rig.as();
  const [one] = await placeMany(shop, 3);
  const seen = await take(shop.orders.watchOrders({ cursor: '0', orderId: one?.id ?? '' }), 4);
  expect(seen.map(nameOf)).toEqual([1, 2, 3, 4].map((sequence) => `${one?.id} ${sequence}`));
});

test('customers see their own orders only, importers those of their tenant', async () => {
  const [ada, grace] = [rig.as(), rig.as()];
  const [mine] = await placeMany(ada, 1);
  const [hers] = await placeMany(grace, 1);
  const seen = await take(ada.orders.watchOrders({ cursor: '0' }), 4);
  expect(new Set(seen.map(({ order }) => order?.id))).toEqual(new Set([mine?.id]));
  const importer = rig.as({ roles: ['importer'] }).orders;
  const all = new Set<string | undefined>();
  for await (const { event } of importer.watchOrders({ cursor: '0' })) {
    all.add(event?.order?.id);
    if (all.has(mine?.id) && all.has(hers?.id)) break;
  }
  await expect(take(grace.orders.watchOrders({ orderId: mine?.id ?? '' }), 1)).rejects.toMatchObject({
    code: Code.NOT_FOUND,
  });
  await expect(take(ada.orders.watchOrders({ orderId: randomUUID() }), 1)).rejects.toMatchObject({
    code: Code.NOT_FOUND,
  });
});

describe('a cursor is refused', () => {
  const refusal = { code: Code.INVALID_ARGUMENT, reason: 'INVALID_CURSOR' };

  test.each(['x', '-1', '1', 'MQ.zzz', '9'.repeat(500)])('when it is %s', async (cursor) => {
    await expect(take(rig.as().orders.watchOrders({ cursor }), 1)).rejects.toMatchObject(refusal);
  });

  test('for another caller, another query or another tenant', async () => {
    const subject = randomUUID();
    const shop = rig.as({ subject });
    const [placed] = await placeMany(shop, 1);
    const [event] = await take(shop.orders.watchOrders({ cursor: '0' }), 1);
    const cursor = event?.cursor ?? '';
    const orderId = placed?.id ?? '';
    const outsider = rig.as({ subject, tenant: 'acme' });
    await expect(take(rig.as().orders.watchOrders({ cursor }), 1)).rejects.toMatchObject(refusal);
    await expect(take(outsider.orders.watchOrders({ cursor }), 1)).rejects.toMatchObject(refusal);
    await expect(take(shop.orders.watchOrders({ cursor, orderId }), 1)).rejects.toMatchObject(refusal);
  });

  test('as out of range when its events are not kept any more', async () => {
    const shop = rig.as();
    await placeMany(shop, 1);
    const [event] = await take(shop.orders.watchOrders({ cursor: '0' }), 1);
    await rig.db.transaction((tx) => tx.updateTable('outbox_relay').set({ pruned: 1_000_000n }).execute());
    const watching = take(shop.orders.watchOrders({ cursor: event?.cursor ?? '' }), 1);
    await expect(watching).rejects.toMatchObject({ code: Code.OUT_OF_RANGE, reason: 'CURSOR_OUT_OF_RANGE' });
    await rig.db.transaction((tx) => tx.updateTable('outbox_relay').set({ pruned: 0n }).execute());
  });
});

test('a watch ends without an error when the service stops', async () => {
  const shop = rig.as();
  await placeMany(shop, 1);
  const watch = shop.orders.watchOrders({ cursor: '0' })[Symbol.asyncIterator]();
  for (let count = 0; count < 4; count += 1) await watch.next();
  const end = watch.next();
  await rig.restart();
  expect(await end).toMatchObject({ done: true });
});
