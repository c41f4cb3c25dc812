import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Bus, Event } from '../bus/bus.ts';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { appendEvents } from './append-events.ts';
import { leaseRelay, stampEvents } from './relay-store.ts';
import type { OutboxRig } from './testing/outbox-rig.ts';
import { createOutboxRig, event, names, take } from './testing/outbox-rig.ts';

let rig: OutboxRig;
let db: Database<DurableTables>;
beforeAll(async () => {
  rig = await createOutboxRig();
  db = rig.db;
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

/** A bus that keeps what it is given. */
function memoryBus({ isDown = (): boolean => false, onPublished = (): void => undefined } = {}) {
  const published: Event[] = [];
  const publish = (events: readonly Event[]): Promise<void> => {
    if (isDown()) return Promise.reject(new Error('bus down'));
    published.push(...events);
    onPublished();
    return Promise.resolve();
  };
  return { bus: { publish } as Bus, published };
}

describe('the relay', () => {
  test('never skips an event that commits late, and watchers see each once', async () => {
    rig.relay().wake();
    const log = rig.eventLog();
    const start = await log.head();
    const { promise: late, resolve: commit } = Promise.withResolvers<void>();
    const { promise: inserted, resolve: written } = Promise.withResolvers<void>();
    const slow = db.transaction(async (tx) => {
      await appendEvents(tx, [event('late', 1)]);
      written();
      await late;
    });
    await inserted;
    await rig.append(event('early', 1), event('early', 2));
    expect(names(await take(log, 2, start))).toEqual(['early 1', 'early 2']);
    commit();
    await slow;
    expect(names(await take(log, 3, start))).toEqual(['early 1', 'early 2', 'late 1']);
  });

  test('keeps every aggregate in sequence while many write and two relays compete', async () => {
    const first = rig.relay({ leaseMs: 60 });
    const second = rig.relay({ leaseMs: 60 });
    const log = rig.eventLog();
    const start = await log.head();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let sequence = 1; sequence <= 25; sequence += 1) {
        await rig.append(event(`w${writer}`, sequence));
        (sequence % 2 === 0 ? first : second).wake();
      }
    });
    const seen = take(log, 200, start);
    await Promise.all(writers);
    const events = await seen;
    expect(events.map(({ position }) => position)).toEqual(
      events.map((_, index) => start + BigInt(index + 1)),
    );
    for (let writer = 0; writer < 8; writer += 1) {
      const own = events.filter(({ aggregateId }) => aggregateId === `w${writer}`);
      expect(own.map(({ sequence }) => Number(sequence))).toEqual(own.map((_, index) => index + 1));
    }
  });

  test('with a stale lease stamps nothing', async () => {
    const stale = await db.read((on) => leaseRelay(on, 'stopped process', 0));
    const fresh = await db.read((on) => leaseRelay(on, 'other process', 60_000));
    await rig.append(event('fenced', 1));
    const stamp = (token: bigint | undefined) =>
      db.read((on) => stampEvents(on, { token: token ?? -1n, limit: 10, unpublished: true }));
    expect(await stamp(stale)).toBe(0);
    expect(await stamp(fresh)).toBe(1);
    await db.read((on) => sql`update outbox_relay set owner = null, lease_until = null`.execute(on));
  });

  test('publishes in order, and again what it could not mark, under the same ids', async () => {
    await rig.append(event('o-1', 1), event('o-1', 2), event('o-2', 1));
    const { promise: published, resolve } = Promise.withResolvers<void>();
    const dying = memoryBus();
    const dead = rig.relay({
      bus: dying.bus,
      leaseMs: 60,
      probe: (point) => {
        if (point !== 'published') return;
        resolve();
        return Promise.reject(new Error('killed before it was marked'));
      },
    });
    await published;
    await dead.stop();
    const { promise: repeated, resolve: again } = Promise.withResolvers<void>();
    const living = memoryBus({ onPublished: again });
    rig.relay({ bus: living.bus });
    await repeated;
    const ids = ['orders/o-1/1', 'orders/o-1/2', 'orders/o-2/1'];
    expect(dying.published.map(({ id }) => id)).toEqual(ids);
    expect(living.published.map(({ id }) => id)).toEqual(ids);
    expect(living.published[0]).toMatchObject({ topic: 'orders', key: 'o-1', sequence: 1n, tenant: 'acme' });
  });

  test('serves watchers while the bus is down, and catches up when it is back', async () => {
    let down = true;
    const { promise: caughtUp, resolve } = Promise.withResolvers<void>();
    const { bus, published } = memoryBus({ isDown: () => down, onPublished: resolve });
    const log = rig.eventLog();
    const start = await log.head();
    rig.relay({ bus });
    await rig.append(event('through', 1));
    expect(names(await take(log, 1, start))).toEqual(['through 1']);
    expect(published).toEqual([]);
    down = false;
    await caughtUp;
    expect(published.map(({ id }) => id)).toContain('orders/through/1');
  });
});
