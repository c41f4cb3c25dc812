import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { beginSaga } from './begin-saga.ts';
import type { Outcome, SagaDefinition } from './definition.ts';
import { listSagas, readTimeline, resumeParked } from './inspect-sagas.ts';
import { requestCancel } from './request-cancel.ts';
import type { Order } from './testing/order-saga.ts';
import { called, orderSaga } from './testing/order-saga.ts';
import type { Rig, RigSchema } from './testing/rig.ts';
import { createRig } from './testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

async function begin(definition: SagaDefinition<Order, RigSchema>): Promise<string> {
  const id = randomUUID();
  await rig.begin(definition, id, { amount: 9_007_199_254_740_993n });
  return id;
}

const refuse = (reason: string) => (): Promise<Outcome<Order>> =>
  Promise.resolve({ kind: 'refused', reason });
const wholeLog = ['begun', 'reserve done', 'authorize intent', 'authorize done', 'capture intent'];

describe('a saga', () => {
  test('runs its steps in order, in three transactions of its own', async () => {
    const saga = orderSaga();
    const recorded: string[] = [];
    const id = await begin(saga);
    rig.runner(saga, { probe: (point) => void recorded.push(point) });
    expect(await rig.ended(id)).toBe('completed');
    expect(called(id)).toEqual(['do authorize', 'do capture']);
    expect(await rig.deeds(id)).toEqual(['reserve done', 'confirm done', 'completed']);
    expect(await rig.log(id)).toEqual([...wholeLog, 'capture done', 'confirm done', 'completed']);
    expect(recorded.filter((point) => point === 'recorded' || point === 'terminal')).toHaveLength(3);
  });

  test('starts without waiting for the poll when woken, and hands data from step to step', async () => {
    const seen: unknown[] = [];
    const saga = orderSaga({
      authorize: { execute: () => Promise.resolve({ kind: 'done', data: { paymentId: 'p-1' } }) },
      capture: {
        execute: ({ data }) => {
          seen.push(data);
          return Promise.resolve({ kind: 'done' });
        },
      },
    });
    const runner = rig.runner(saga, { pollMs: 3_600_000 });
    const id = await begin(saga);
    runner.wake();
    expect(await rig.ended(id)).toBe('completed');
    expect(seen).toEqual([{ amount: 9_007_199_254_740_993n, paymentId: 'p-1' }]);
    expect(runner.counts()).toMatchObject({ completed: 1, failedAttempts: 0 });
  });

  test('is undone in reverse order after a refusal, the refused remote step included', async () => {
    const saga = orderSaga({ capture: { execute: refuse('CARD_EXPIRED') } });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('compensated');
    expect(called(id)).toEqual(['do authorize', 'undo capture', 'undo authorize']);
    expect(await rig.deeds(id)).toEqual(['reserve done', 'reserve undone', 'compensated: CARD_EXPIRED']);
  });

  test('that is refused by its first local step undoes nothing', async () => {
    const saga = orderSaga({ reserve: { record: refuse('OUT_OF_STOCK') } });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('compensated');
    expect(await rig.deeds(id)).toEqual(['compensated: OUT_OF_STOCK']);
    expect(called(id)).toEqual([]);
  });

  test('asks again with the same key while an outcome is unknown', async () => {
    const keys: string[] = [];
    const saga = orderSaga({
      authorize: {
        execute: (_, { key }) => {
          keys.push(key);
          return keys.length < 3 ? Promise.reject(new Error('reset')) : Promise.resolve({ kind: 'done' });
        },
      },
    });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('completed');
    expect(keys).toEqual(Array(3).fill(`${id}:authorize`));
    expect((await rig.log(id)).filter((entry) => entry === 'authorize failed')).toHaveLength(2);
  });

  test('gives up an unknown step before the pivot by undoing it too, also when it never answers', async () => {
    const saga = orderSaga({
      authorize: { execute: () => new Promise(() => undefined), timeoutMs: 20, maxRetries: 1 },
    });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('compensated');
    expect(called(id)).toEqual(['undo authorize']);
    expect(await rig.deeds(id)).toEqual(['reserve done', 'reserve undone', 'compensated: RETRIES_EXHAUSTED']);
  });

  test('is parked, not undone, when the pivot stays unknown, and goes on when a person resumes it', async () => {
    let broken = true;
    const saga = orderSaga({
      capture: {
        maxRetries: 1,
        execute: () => (broken ? Promise.reject(new Error('down')) : Promise.resolve({ kind: 'done' })),
      },
    });
    const id = await begin(saga);
    const runner = rig.runner(saga);
    await rig.until(id, ({ parked }) => parked !== null);
    const parked = await listSagas(rig.db, { state: 'parked' });
    expect(parked.find((each) => each.id === id)).toMatchObject({
      state: 'parked',
      reason: 'down',
      nextAt: null,
    });
    expect(await rig.db.transaction((tx) => requestCancel(tx, id, 'CHANGED_MIND'))).toBe('too-late');
    broken = false;
    expect(await resumeParked(rig.db, id)).toBe(true);
    runner.wake();
    expect(await rig.ended(id)).toBe('completed');
    expect(await resumeParked(rig.db, id)).toBe(false);
  });

  test('retries a compensation until it succeeds', async () => {
    let attempts = 0;
    const saga = orderSaga({
      authorize: {
        execute: refuse('DECLINED'),
        compensate: () => ((attempts += 1) < 4 ? Promise.reject(new Error('later')) : Promise.resolve()),
      },
    });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('compensated');
    expect(attempts).toBe(4);
  });

  test('keeps nothing of a local step that throws, and does it again', async () => {
    let attempts = 0;
    const saga = orderSaga({
      confirm: {
        record: async (tx, { id }) => {
          await tx.insertInto('deed').values({ saga_id: id, what: 'half' }).execute();
          if ((attempts += 1) < 3) throw new Error('a bug');
        },
      },
    });
    const id = await begin(saga);
    const errors: unknown[] = [];
    rig.runner(saga, { onError: (error) => void errors.push(error) });
    expect(await rig.ended(id)).toBe('completed');
    expect(await rig.deeds(id)).toEqual(['reserve done', 'half', 'completed']);
    expect(errors).toHaveLength(2);
  });

  test('is told to a person line by line', async () => {
    const saga = orderSaga({ authorize: { execute: refuse('DECLINED') } });
    const id = await begin(saga);
    rig.runner(saga);
    await rig.ended(id);
    const lines = await readTimeline(rig.db, id);
    expect(lines[3]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z \+\d+ ms authorize refused: DECLINED$/);
    expect(lines).toHaveLength(8);
  });

  test('shares its transactions with others at the same step, and its failures with nobody', async () => {
    const poison = randomUUID();
    let attempts = 0;
    const saga = orderSaga({
      reserve: {
        record: async (tx, { id }) => {
          await tx.insertInto('deed').values({ saga_id: id, what: 'reserve done' }).execute();
          if (id === poison && (attempts += 1) < 3) throw new Error('a bug');
        },
      },
    });
    const ids = [poison, ...Array.from({ length: 15 }, () => randomUUID())];
    await rig.db.transaction((tx) =>
      Promise.all(ids.map((id) => beginSaga(tx, saga, { id, data: { amount: 1n }, tenant: 'acme' }))),
    );
    rig.runner(saga);
    expect(await Promise.all(ids.map((id) => rig.ended(id)))).toEqual(ids.map(() => 'completed'));
    const { rows } = await rig.db.read((on) =>
      sql<{ id: string; reserved: string }>`select saga_id as id, xmin::text as reserved
        from saga_log where step = 'reserve' and kind = 'done' and saga_id = any(${ids})`.execute(on),
    );
    const healthy = rows.filter(({ id }) => id !== poison);
    expect(healthy).toHaveLength(15);
    expect(new Set(healthy.map(({ reserved }) => reserved)).size).toBe(1);
    expect(healthy.map(({ reserved }) => reserved)).not.toContain(
      rows.find(({ id }) => id === poison)?.reserved,
    );
    for (const id of ids) expect(await rig.deeds(id)).toEqual(['reserve done', 'confirm done', 'completed']);
  });
});
