import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { SagaProbePoint } from './engine.ts';
import { defineSaga } from './define-saga.ts';
import type { SagaDefinition } from './definition.ts';
import { LeaseLost } from './errors.ts';
import { claimSagas, saveSaga } from './saga-store.ts';
import type { Rig, RigSchema } from './testing/rig.ts';
import { createRig } from './testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

interface Charge {
  amount: number;
}
/** The other side of the remote step: charges by key, as a payment service keeps them. */
function chargeSaga() {
  const ledger = new Map<string, number>();
  let asked = 0;
  const definition: SagaDefinition<Charge, RigSchema> = defineSaga({
    type: `charge-${randomUUID()}`,
    version: 1,
    steps: [
      {
        name: 'charge',
        execute: ({ data }, { key }) => {
          asked += 1;
          ledger.set(key, data.amount);
          return Promise.resolve({ kind: 'done' });
        },
        record: async (tx, { id }) => {
          await tx.insertInto('deed').values({ saga_id: id, what: 'charged' }).execute();
        },
      },
    ],
  });
  return { definition, ledger, asked: () => asked };
}

/** A probe at which a runner stands still for ever, as if its process was stopped; `release` lets it go on. */
function standstill(at: SagaProbePoint) {
  const { promise: forEver, resolve: release } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const probe = (point: SagaProbePoint): Promise<void> | void => {
    if (point !== at) return;
    reach();
    return forEver;
  };
  return { probe, reached, release };
}

/** A process that is stopped renews no lease. */
function frozen(rigOf: Rig) {
  let isFrozen = false;
  const db: Rig['db'] = {
    ...rigOf.db,
    read: (work, options) => (isFrozen ? new Promise(() => undefined) : rigOf.db.read(work, options)),
  };
  return { db, freeze: () => (isFrozen = true), thaw: () => (isFrozen = false) };
}

const points: SagaProbePoint[] = ['leased', 'before-intent', 'intent-recorded', 'acted', 'before-terminal'];

test.each(points)(
  'another runner takes over from one that stopped at %s, and the effect happens once',
  async (point) => {
    const { definition, ledger, asked } = chargeSaga();
    const id = randomUUID();
    await rig.begin(definition, id, { amount: 5 });
    const stop = standstill(point);
    const process = frozen(rig);
    const leaseMs = 150;
    const first = rig.runner(definition, { db: process.db, leaseMs, probe: stop.probe, concurrency: 1 });
    await stop.reached;
    process.freeze();
    // A transaction that is left open keeps its row locked until the server ends it; here the process is gone at once.
    if (point.startsWith('before')) {
      await rig.db.read((on) =>
        sql`select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'
        and datname = current_database()`.execute(on),
      );
    }
    rig.runner(definition, { leaseMs });
    expect(await rig.ended(id)).toBe('completed');
    expect([...ledger]).toEqual([[`${id}:charge`, 5]]);
    expect(asked()).toBeLessThanOrEqual(2);
    stop.release();
    process.thaw();
    await first.stop();
    expect(await rig.deeds(id)).toEqual(['charged']);
    expect(await rig.row(id)).toMatchObject({ state: 'completed' });
  },
);

test('a write with a stale token changes nothing', async () => {
  const { definition } = chargeSaga();
  const id = randomUUID();
  await rig.begin(definition, id, { amount: 5 });
  const claim = (leaseMs: number) =>
    rig.db.read((on) =>
      claimSagas(on as never, { owner: randomUUID(), leaseMs, limit: 1, known: [definition] }),
    );
  const [stale] = await claim(0);
  const [fresh] = await claim(60_000);
  if (stale === undefined || fresh === undefined) throw new Error('both claims find the saga');
  expect(fresh.lease_token).toBe(stale.lease_token + 1n);
  const log = [{ step: 'charge', kind: 'done', detail: null }];
  const write = rig.db.read((on) => saveSaga(on as never, { row: { ...stale, state: 'completed' }, log }));
  await expect(write).rejects.toBeInstanceOf(LeaseLost);
  expect(await rig.row(id)).toMatchObject({ state: 'running', lease_token: fresh.lease_token });
  expect(await rig.log(id)).toEqual(['begun']);
});

test('a step longer than its lease keeps the lease, because it is renewed', async () => {
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  let runs = 0;
  const definition = defineSaga<object, RigSchema>({
    type: `slow-${randomUUID()}`,
    version: 1,
    steps: [
      {
        name: 'slow',
        execute: async () => {
          runs += 1;
          await finish;
          return { kind: 'done' };
        },
      },
    ],
  });
  const id = randomUUID();
  await rig.begin(definition, id, {});
  const leaseMs = 90;
  rig.runner(definition, { leaseMs });
  rig.runner(definition, { leaseMs });
  const due = async (): Promise<number> => {
    const { rows } = await rig.db.read((on) =>
      sql<{ left: number }>`select extract(epoch from clock_timestamp() - created_at)::float * 1000 as left
        from saga where id = ${id}`.execute(on),
    );
    return rows[0]?.left ?? 0;
  };
  while ((await due()) < 4 * leaseMs);
  resolve();
  expect(await rig.ended(id)).toBe('completed');
  expect(runs).toBe(1);
});

test('a runner that stops finishes its step and hands the saga over at once', async () => {
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  const { promise: running, resolve: entered } = Promise.withResolvers<void>();
  const done: string[] = [];
  const definition = defineSaga<object, RigSchema>({
    type: `handover-${randomUUID()}`,
    version: 1,
    steps: [
      {
        name: 'first',
        execute: async () => {
          entered();
          await finish;
          done.push('first');
          return { kind: 'done' };
        },
      },
      {
        name: 'second',
        execute: () => {
          done.push('second');
          return Promise.resolve({ kind: 'done' });
        },
      },
    ],
  });
  const id = randomUUID();
  await rig.begin(definition, id, {});
  const leaving = rig.runner(definition, { leaseMs: 60_000 });
  await running;
  const stopped = leaving.stop();
  resolve();
  await stopped;
  expect(done).toEqual(['first']);
  rig.runner(definition);
  expect(await rig.ended(id)).toBe('completed');
  expect(done).toEqual(['first', 'second']);
});

test('a runner leaves versions alone that it does not know', async () => {
  const { definition } = chargeSaga();
  const id = randomUUID();
  await rig.begin({ ...definition, version: 2 }, id, { amount: 5 });
  const old = rig.runner(definition);
  const other = randomUUID();
  await rig.begin(definition, other, { amount: 5 });
  old.wake();
  expect(await rig.ended(other)).toBe('completed');
  expect(await rig.row(id)).toMatchObject({ state: 'running', lease_token: 0n });
});
