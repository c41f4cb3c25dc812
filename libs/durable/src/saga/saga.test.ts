import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Transaction } from 'kysely';
import { randomUUID } from 'node:crypto';
import { defineSaga } from './define-saga.ts';
import type { Outcome, SagaDefinition, Step } from './definition.ts';
import { listSagas, readTimeline, resumeParked } from './inspect-sagas.ts';
import { requestCancel } from './request-cancel.ts';
import type { Rig, RigSchema } from './testing.ts';
import { createRig } from './testing.ts';

interface Order {
  amount: bigint;
  paymentId?: string;
}
type OrderStep = Step<Order, RigSchema>;
type OrderSaga = SagaDefinition<Order, RigSchema>;

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

/** What happened outside the database, in order. */
const calls = new Map<string, string[]>();
const called = (id: string): string[] => calls.get(id) ?? [];
function call(key: string, what: string): void {
  const id = key.slice(0, key.lastIndexOf(':'));
  calls.set(id, [...called(id), `${what} ${key.slice(id.length + 1)}`]);
}

const write =
  (what: string) =>
  async (tx: Transaction<RigSchema>, { id }: { id: string }): Promise<void> => {
    await tx.insertInto('deed').values({ saga_id: id, what }).execute();
  };

function local(name: string, more: Partial<OrderStep> = {}): OrderStep {
  return { name, record: write(`${name} done`), recordUndo: write(`${name} undone`), ...more };
}

function remote(name: string, more: Partial<OrderStep> = {}): OrderStep {
  return {
    name,
    execute: (_, { key }) => {
      call(key, 'do');
      return Promise.resolve({ kind: 'done' });
    },
    compensate: (_, { key }) => {
      call(key, 'undo');
      return Promise.resolve();
    },
    ...more,
  };
}

/** A type of its own for each test, so that no other test's runner takes the saga. */
function orderSaga(changes: Record<string, Partial<OrderStep>> = {}): OrderSaga {
  return defineSaga<Order, RigSchema>({
    type: `order-${randomUUID()}`,
    version: 1,
    steps: [
      local('reserve', changes.reserve),
      remote('authorize', changes.authorize),
      remote('capture', { pivot: true, ...changes.capture }),
      local('confirm', changes.confirm),
    ],
    completed: write('completed'),
    compensated: (tx, saga, reason) => write(`compensated: ${reason}`)(tx, saga),
  });
}

async function begin(definition: OrderSaga): Promise<string> {
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
});

describe('a cancel request', () => {
  const cancel = (id: string) => rig.db.transaction((tx) => requestCancel(tx, id, 'CHANGED_MIND'));

  test('before anything ran undoes everything that will not run', async () => {
    const saga = orderSaga();
    const id = await begin(saga);
    expect(await cancel(id)).toBe('accepted');
    expect(await cancel(id)).toBe('accepted');
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('compensated');
    expect(await rig.deeds(id)).toEqual(['compensated: CHANGED_MIND']);
    expect(await cancel(id)).toBe('ended');
  });

  test('while a step runs is honoured after it, before the pivot', async () => {
    const saga = orderSaga({
      authorize: {
        execute: async ({ id }, { key }) => {
          call(key, 'do');
          expect(await cancel(id)).toBe('accepted');
          return { kind: 'done' };
        },
      },
    });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('compensated');
    expect(called(id)).toEqual(['do authorize', 'undo authorize']);
    expect(await rig.deeds(id)).toEqual(['reserve done', 'reserve undone', 'compensated: CHANGED_MIND']);
  });

  test("from the pivot's intent on is too late", async () => {
    const answers: string[] = [];
    const saga = orderSaga({
      capture: {
        execute: async ({ id }) => {
          answers.push(await cancel(id));
          return { kind: 'done' };
        },
      },
    });
    const id = await begin(saga);
    rig.runner(saga);
    expect(await rig.ended(id)).toBe('completed');
    expect(answers).toEqual(['too-late']);
  });

  test('ends the wait of a failing step, which is undone without being asked again', async () => {
    let asked = 0;
    const saga = orderSaga({
      authorize: {
        execute: () => {
          asked += 1;
          return Promise.reject(new Error('down'));
        },
      },
    });
    const id = await begin(saga);
    const runner = rig.runner(saga);
    await rig.until(id, ({ attempts }) => attempts >= 3);
    await cancel(id);
    const before = asked;
    runner.wake();
    expect(await rig.ended(id)).toBe('compensated');
    expect(asked - before).toBeLessThanOrEqual(1);
    expect(called(id)).toEqual(['undo authorize']);
  });

  test('for a saga nobody knows is an error', async () => {
    await expect(cancel('nothing')).rejects.toMatchObject({ reason: 'SAGA_NOT_FOUND' });
  });
});
