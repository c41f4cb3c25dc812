import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createDatabase } from '../../postgres/create-database.ts';
import type { TestDatabase } from '../../testing/index.ts';
import { createTestDatabase } from '../../testing/index.ts';
import type { Bus, Event } from '../bus.ts';
import type { BusOptions } from '../bus.ts';
import { createBus } from '../create-bus.ts';

let scratch: TestDatabase;
let buses: Bus[];
beforeEach(async () => {
  scratch = await createTestDatabase();
  buses = [];
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await scratch.drop();
});

async function open(options: BusOptions = {}): Promise<Bus> {
  const bus = await createBus(scratch.url, { pollMs: 50, ...options });
  buses.push(bus);
  return bus;
}

function event(key: string, sequence: number, topic = 'orders'): Event {
  const id = `${topic}/${key}/${sequence}`;
  const payload = Buffer.from([0, sequence, 255]);
  return {
    id,
    topic,
    key,
    sequence: BigInt(sequence),
    type: 'Changed',
    tenant: 'acme',
    payload,
    time: new Date(0),
  };
}

/** Collects what handlers see and waits for a number of them. */
function collector() {
  const seen: Event[] = [];
  let wake = (): void => undefined;
  return {
    seen,
    ids: () => seen.map(({ id }) => id),
    add: (each: Event): Promise<void> => {
      seen.push(each);
      wake();
      return Promise.resolve();
    },
    reach: async (count: number): Promise<void> => {
      while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

test('each group gets every event of its topics once, shared among its consumers', async () => {
  const [first, second] = [await open(), await open()];
  const [mails, reports] = [collector(), collector()];
  first.consume('mails', ['orders'], mails.add);
  second.consume('mails', ['orders'], mails.add);
  second.consume('reports', ['orders', 'payments'], reports.add);
  const orders = Array.from({ length: 40 }, (_, index) => event(`o-${index}`, 1));
  await first.publish([...orders, event('p-1', 1, 'payments')]);
  await Promise.all([mails.reach(40), reports.reach(41)]);
  await Promise.all([first.close(), second.close()]);
  expect(mails.ids().sort()).toEqual(orders.map(({ id }) => id).sort());
  expect(reports.seen).toHaveLength(41);
  expect(mails.seen.find(({ key }) => key === 'o-7')).toEqual(orders[7]);
});

test('an id that is published again is delivered no second time', async () => {
  const bus = await open();
  const { add, reach, ids } = collector();
  bus.consume('mails', ['orders'], add);
  await bus.publish([event('o-1', 1)]);
  await bus.publish([event('o-1', 1), event('o-1', 2)]);
  await reach(2);
  await bus.close();
  expect(ids()).toEqual(['orders/o-1/1', 'orders/o-1/2']);
});

test('a new group begins with what is kept, or with what is to come', async () => {
  const bus = await open();
  await bus.publish([event('o-1', 1)]);
  const [all, later] = [collector(), collector()];
  bus.consume('all', ['orders'], all.add);
  bus.consume('later', ['orders'], later.add, { from: 'now' });
  await all.reach(1);
  const db = createDatabase<object>({ url: scratch.url });
  const groups = () => db.read((on) => sql`select from bus_subscription`.execute(on));
  while ((await groups()).rows.length < 2);
  await db.close();
  await bus.publish([event('o-2', 1)]);
  await Promise.all([all.reach(2), later.reach(1)]);
  expect(later.ids()).toEqual(['orders/o-2/1']);
});

test('events of one key are handled in order, also when one has to be repeated; other keys pass', async () => {
  const bus = await open();
  const { add, reach, seen } = collector();
  let failures = 3;
  bus.consume(
    'mails',
    ['orders'],
    async (each) => {
      if (each.id === 'orders/a/2' && failures-- > 0) throw new Error('not yet');
      await add(each);
    },
    { backoffMs: 20 },
  );
  const events = [1, 2, 3, 4, 5].flatMap((sequence) => [event('a', sequence), event('b', sequence)]);
  await bus.publish(events);
  await reach(10);
  for (const key of ['a', 'b']) {
    const own = seen.filter((each) => each.key === key).map(({ sequence }) => Number(sequence));
    expect(own).toEqual([1, 2, 3, 4, 5]);
  }
});

test('what a dead consumer held is delivered again after its visibility timeout', async () => {
  const dying = await open();
  const { promise: taken, resolve } = Promise.withResolvers<void>();
  const { promise: release, resolve: letGo } = Promise.withResolvers<void>();
  dying.consume(
    'mails',
    ['orders'],
    (_, { signal }) => {
      resolve();
      expect(signal.aborted).toBe(false);
      return release;
    },
    { visibilityMs: 60, concurrency: 1 },
  );
  await dying.publish([event('o-1', 1)]);
  await taken;
  const living = await open();
  const attempts: number[] = [];
  const { add, reach } = collector();
  living.consume('mails', ['orders'], (each, { attempt }) => {
    attempts.push(attempt);
    return add(each);
  });
  await reach(1);
  letGo();
  expect(attempts).toEqual([2]);
});

test('an event that keeps failing is dead, can be looked at, replayed and dropped', async () => {
  const bus = await open();
  let broken = true;
  const { add, reach } = collector();
  const attempts: number[] = [];
  bus.consume(
    'mails',
    ['orders'],
    (each, { attempt }) => {
      attempts.push(attempt);
      return broken ? Promise.reject(new TypeError('no address')) : add(each);
    },
    { maxRetries: 2, backoffMs: 5 },
  );
  await bus.publish([event('o-1', 1), event('o-2', 1)]);
  let dead = await bus.dead.list();
  while (dead.length < 2) dead = await bus.dead.list({ group: 'mails' });
  expect(attempts.toSorted()).toEqual([1, 1, 2, 2, 3, 3]);
  expect(dead[0]).toMatchObject({ group: 'mails', attempts: 3, error: 'TypeError: no address' });
  expect(await bus.dead.list({ after: dead[1]?.id ?? '' })).toEqual([]);
  broken = false;
  const letter = dead.find((each) => each.event.key === 'o-1');
  const other = dead.find((each) => each.event.key === 'o-2');
  expect(await bus.dead.replay([letter?.id ?? ''])).toBe(1);
  await reach(1);
  expect(await bus.dead.drop([other?.id ?? '', letter?.id ?? ''])).toBe(1);
  expect(await bus.dead.list()).toEqual([]);
});

test('closing waits for running handlers and acknowledges them', async () => {
  const bus = await open();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  bus.consume('mails', ['orders'], async () => {
    enter();
    await finish;
    handled += 1;
  });
  await bus.publish([event('o-1', 1)]);
  await entered;
  const closed = bus.close();
  resolve();
  await closed;
  expect(handled).toBe(1);
  const db = createDatabase<object>({ url: scratch.url });
  const left = await db.read((on) => sql`select from bus_delivery`.execute(on));
  await db.close();
  expect(left.rows).toEqual([]);
});

test('several can start at once on an empty database, and old events are removed', async () => {
  const opened = await Promise.all([open({ keepMs: 0 }), open({ keepMs: 0 }), open({ keepMs: 0 })]);
  await opened[0].publish([event('o-1', 1)]);
  const db = createDatabase<object>({ url: scratch.url });
  await opened[1].close();
  await open({ keepMs: 0 });
  const kept = () => db.read((on) => sql`select from bus_event`.execute(on));
  while ((await kept()).rows.length > 0);
  await db.close();
});

test('an unknown scheme is refused with the list of those that are known', async () => {
  await expect(createBus('kafka://somewhere')).rejects.toMatchObject({
    reason: 'UNKNOWN_BUS_SCHEME',
    message: 'no bus driver for "kafka:"; known are postgres:, postgresql:',
  });
});
