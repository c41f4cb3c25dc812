import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { SagaDefinition } from './definition.ts';
import { requestCancel } from './request-cancel.ts';
import type { Order } from './testing/order-saga.ts';
import { call, called, orderSaga } from './testing/order-saga.ts';
import type { Rig, RigSchema } from './testing/rig.ts';
import { createRig } from './testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

async function begin(definition: SagaDefinition<Order, RigSchema>): Promise<string> {
  const id = randomUUID();
  await rig.begin(definition, id, { amount: 1n });
  return id;
}

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
