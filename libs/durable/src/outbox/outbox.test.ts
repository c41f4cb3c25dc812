import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Bus, Event } from '../bus/bus.ts';
import { createDatabase } from '../postgres/create-database.ts';
import type { Database } from '../postgres/database.ts';
import { durableMigrations } from '../postgres/durable-migrations.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { TestDatabase } from '../testing/index.ts';
import { createTestDatabase } from '../testing/index.ts';
import { appendEvents } from './append-events.ts';
import type { EventLog } from './create-event-log.ts';
import { createEventLog } from './create-event-log.ts';
import type { Relay, RelayOptions } from './create-relay.ts';
import { createRelay } from './create-relay.ts';
import { CursorOutOfRange } from './errors.ts';
import type { EventFilter, NewEvent, StoredEvent } from './event.ts';
import { pruneEvents } from './prune-events.ts';
import { leaseRelay, stampEvents } from './relay-store.ts';

let scratch: TestDatabase;
let db: Database<DurableTables>;
let relays: Relay[];
let logs: EventLog[];
beforeAll(async () => {
  scratch = await createTestDatabase(durableMigrations);
  db = createDatabase({ url: scratch.url, maxConnections: 20, acquireTimeoutMs: 10_000 });
});
afterAll(async () => {
  await db.close();
  await scratch.drop();
});
beforeEach(() => {
  relays = [];
  logs = [];
});
afterEach(async () => {
  await Promise.all([...relays.map((each) => each.stop()), ...logs.map((each) => each.stop())]);
  await db.read((on) => sql`truncate outbox`.execute(on));
});

function relay(options: Partial<RelayOptions<DurableTables>> = {}): Relay {
  const made = createRelay({ db, pollMs: 50, ...options });
  relays.push(made);
  made.start();
  return made;
}
function eventLog(recent?: number): EventLog {
  const made = createEventLog({ db, pollMs: 50, ...(recent === undefined ? {} : { recent }) });
  logs.push(made);
  return made;
}
function event(aggregateId: string, sequence: number, more: Partial<NewEvent> = {}): NewEvent {
  const payload = Buffer.from(`${aggregateId} ${sequence}`);
  return {
    topic: 'orders',
    aggregateId,
    sequence: BigInt(sequence),
    type: 'Changed',
    tenant: 'acme',
    payload,
    ...more,
  };
}
const append = (...events: NewEvent[]) => db.transaction((tx) => appendEvents(tx, events));

/** The next `count` events of a tail. */
async function take(
  log: EventLog,
  count: number,
  after: bigint,
  filter?: EventFilter,
): Promise<StoredEvent[]> {
  const taken: StoredEvent[] = [];
  const signal = AbortSignal.timeout(10_000);
  for await (const each of log.tail({ after, signal, ...(filter && { filter }) })) {
    taken.push(each);
    if (taken.length === count) break;
  }
  return taken;
}
const names = (events: readonly { aggregateId: string; sequence: bigint }[]): string[] =>
  events.map(({ aggregateId, sequence }) => `${aggregateId} ${sequence}`);

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
    relay().wake();
    const log = eventLog();
    const start = await log.head();
    const { promise: late, resolve: commit } = Promise.withResolvers<void>();
    const { promise: inserted, resolve: written } = Promise.withResolvers<void>();
    const slow = db.transaction(async (tx) => {
      await appendEvents(tx, [event('late', 1)]);
      written();
      await late;
    });
    await inserted;
    await append(event('early', 1), event('early', 2));
    expect(names(await take(log, 2, start))).toEqual(['early 1', 'early 2']);
    commit();
    await slow;
    expect(names(await take(log, 3, start))).toEqual(['early 1', 'early 2', 'late 1']);
  });

  test('keeps every aggregate in sequence while many write and two relays compete', async () => {
    const first = relay({ leaseMs: 60 });
    const second = relay({ leaseMs: 60 });
    const log = eventLog();
    const start = await log.head();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let sequence = 1; sequence <= 25; sequence += 1) {
        await append(event(`w${writer}`, sequence));
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
    await append(event('fenced', 1));
    const stamp = (token: bigint | undefined) =>
      db.read((on) => stampEvents(on, { token: token ?? -1n, limit: 10, unpublished: true }));
    expect(await stamp(stale)).toBe(0);
    expect(await stamp(fresh)).toBe(1);
    await db.read((on) => sql`update outbox_relay set owner = null, lease_until = null`.execute(on));
  });

  test('publishes in order, and again what it could not mark, under the same ids', async () => {
    await append(event('o-1', 1), event('o-1', 2), event('o-2', 1));
    const { promise: published, resolve } = Promise.withResolvers<void>();
    const dying = memoryBus();
    const dead = relay({
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
    relay({ bus: living.bus });
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
    const log = eventLog();
    const start = await log.head();
    relay({ bus });
    await append(event('through', 1));
    expect(names(await take(log, 1, start))).toEqual(['through 1']);
    expect(published).toEqual([]);
    down = false;
    await caughtUp;
    expect(published.map(({ id }) => id)).toContain('orders/through/1');
  });
});

describe('a tail', () => {
  test('resumes from any cursor without gap or repeat, across what is in memory and what is not', async () => {
    const running = relay();
    const log = eventLog(20);
    const start = await log.head();
    const wanted = Array.from({ length: 100 }, (_, index) => event('long', index + 1));
    const whole = take(log, 100, start);
    for (const each of wanted) {
      await append(each);
      running.wake();
    }
    const events = await whole;
    expect(names(events)).toEqual(names(wanted));
    for (const from of [0, 1, 37, 79, 80, 81, 98]) {
      const rest = await take(log, 99 - from, events[from]?.position ?? 0n);
      expect(names(rest)).toEqual(names(wanted.slice(from + 1)));
    }
  });

  test('that is slow reads from the database and holds up nobody', async () => {
    const running = relay();
    const log = eventLog(10);
    const start = await log.head();
    const slow = log.tail({ after: start, signal: AbortSignal.timeout(10_000) })[Symbol.asyncIterator]();
    await append(event('pace', 1));
    running.wake();
    const got: StoredEvent[] = [];
    const pull = async (): Promise<void> => {
      const { value } = await slow.next();
      if (value !== undefined) got.push(value as StoredEvent);
    };
    await pull();
    const more = Array.from({ length: 60 }, (_, index) => event('pace', index + 2));
    await append(...more);
    running.wake();
    expect(await take(log, 60, got[0]?.position ?? 0n)).toHaveLength(60);
    while (got.length < 61) await pull();
    expect(got.map(({ sequence }) => Number(sequence))).toEqual(got.map((_, index) => index + 1));
    await slow.return?.();
  });

  test('gives only what its filter asks for, old and new', async () => {
    const running = relay();
    const log = eventLog();
    const start = await log.head();
    const filter = { topic: 'orders', tenant: 'acme', subject: 'ann' };
    const mixed = (sequence: number) => [
      event('ann', sequence, { subject: 'ann' }),
      event('bob', sequence, { subject: 'bob' }),
      event('foreign', sequence, { subject: 'ann', tenant: 'other' }),
      event('topic', sequence, { subject: 'ann', topic: 'payments' }),
    ];
    await append(...mixed(1));
    running.wake();
    const watched = take(log, 2, start, filter);
    await append(...mixed(2));
    running.wake();
    expect(names(await watched)).toEqual(['ann 1', 'ann 2']);
    expect(names(await take(log, 2, start, filter))).toEqual(['ann 1', 'ann 2']);
    expect(names(await take(log, 1, start, { ...filter, subject: 'bob', aggregateId: 'bob' }))).toEqual([
      'bob 1',
    ]);
  });

  test('ends when its signal aborts', async () => {
    const abort = new AbortController();
    const log = eventLog();
    const next = log
      .tail({ after: await log.head(), signal: abort.signal })
      [Symbol.asyncIterator]()
      .next();
    abort.abort();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  test('refuses cursors from the future and those that were pruned', async () => {
    const running = relay();
    const log = eventLog();
    const start = await log.head();
    await append(event('aged', 1), event('aged', 2));
    running.wake();
    const events = await take(log, 2, start);
    await expect(take(log, 1, start + 1_000n)).rejects.toBeInstanceOf(CursorOutOfRange);
    await db.read((on) =>
      sql`update outbox set created_at = now() - interval '8 days' where sequence = 1`.execute(on),
    );
    expect(await pruneEvents(db)).toBe(1);
    await expect(take(log, 1, start)).rejects.toMatchObject({ reason: 'CURSOR_OUT_OF_RANGE' });
    expect(names(await take(log, 1, events[0]?.position ?? 0n))).toEqual(['aged 2']);
  });
});
