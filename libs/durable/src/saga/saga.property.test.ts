import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { defineSaga } from './define-saga.ts';
import type { Outcome, Step } from './definition.ts';
import { resumeParked } from './inspect-sagas.ts';
import { requestCancel } from './request-cancel.ts';
import type { Rig, RigSchema } from './testing/rig.ts';
import { createRig } from './testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.close());

type Data = Record<string, never>;
/** What happens when a step's action is asked: `acted` is the effect on the other side, whatever the caller learns. */
type Answer = 'done' | 'refused' | 'failed-before' | 'failed-after';

interface Plan {
  remote: boolean;
  answers: Answer[];
  undoFailures: number;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  remote: fc.boolean(),
  answers: fc.array(fc.constantFrom<Answer>('done', 'refused', 'failed-before', 'failed-after'), {
    maxLength: 2,
  }),
  undoFailures: fc.nat({ max: 1 }),
});
const scenario = fc.record({
  plans: fc.array(plan, { minLength: 1, maxLength: 5 }),
  pivot: fc.nat({ max: 6 }),
  cancelAt: fc.nat({ max: 8 }),
});

/** The world outside: which actions are in effect, and which can never be any more. */
function createWorld() {
  const inEffect = new Set<string>();
  const barred = new Set<string>();
  return {
    inEffect,
    act(name: string): void {
      if (barred.has(name)) throw new Error(`${name} ran after it was undone`);
      inEffect.add(name);
    },
    undo(name: string): void {
      barred.add(name);
      inEffect.delete(name);
    },
  };
}

function stepOf(
  { remote, answers, undoFailures }: Plan,
  index: number,
  world: ReturnType<typeof createWorld>,
) {
  const name = `step-${index}`;
  const left = [...answers];
  let failures = undoFailures;
  const answer = (): Outcome<Data> => {
    const next = left.shift() ?? 'done';
    // An action that ran answers the same for ever, as an idempotent service does.
    if (world.inEffect.has(name)) return { kind: 'done' };
    if (next === 'refused') return { kind: 'refused', reason: `${name} refused` };
    if (next === 'failed-before') throw new Error('never arrived');
    world.act(name);
    if (next === 'failed-after') throw new Error('the reply was lost');
    return { kind: 'done' };
  };
  const base: Step<Data, RigSchema> = {
    name,
    maxRetries: 2,
    record: async (tx, { id }, outcome) => {
      const own = remote
        ? outcome
        : left[0] === 'refused'
          ? { kind: 'refused' as const, reason: `${name} refused` }
          : outcome;
      if (own.kind === 'done')
        await tx
          .insertInto('deed')
          .values({ saga_id: id, what: `+${index}` })
          .execute();
      return own;
    },
    recordUndo: async (tx, { id }) => {
      await tx
        .insertInto('deed')
        .values({ saga_id: id, what: `-${index}` })
        .execute();
    },
  };
  if (!remote) return base;
  return {
    ...base,
    execute: () => Promise.resolve().then(answer),
    compensate: () => {
      if (failures-- > 0) return Promise.reject(new Error('not now'));
      world.undo(name);
      return Promise.resolve();
    },
  } satisfies Step<Data, RigSchema>;
}

test('whatever steps answer, a saga ends with all effects or with none, undone in reverse', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ plans, pivot, cancelAt }) => {
      const world = createWorld();
      const steps = plans.map((each, index) => ({ ...stepOf(each, index, world), pivot: index === pivot }));
      const definition = defineSaga<Data, RigSchema>({ type: `random-${randomUUID()}`, version: 1, steps });
      const id = randomUUID();
      await rig.begin(definition, id, {});
      let points = 0;
      let cancelled = 'not asked';
      const runner = rig.runner(definition, {
        probe: async (point) => {
          if (point === 'before-intent' || point === 'before-terminal' || points++ !== cancelAt) return;
          cancelled = await rig.db.transaction((tx) => requestCancel(tx, id, 'CANCELLED'));
        },
      });
      let { state, parked } = await rig.row(id);
      for (; state === 'running' || state === 'compensating'; { state, parked } = await rig.row(id)) {
        if (parked !== null && (await resumeParked(rig.db, id))) runner.wake();
      }
      await runner.stop();
      const deeds = await rig.deeds(id);
      const remotes = steps.filter(({ execute }) => execute !== undefined).map(({ name }) => name);
      if (state === 'completed') {
        expect(deeds).toEqual(steps.map((_, index) => `+${index}`));
        expect([...world.inEffect].sort()).toEqual(remotes.sort());
        expect(cancelled).not.toBe('accepted');
      } else {
        expect([...world.inEffect]).toEqual([]);
        const undone = deeds.filter((deed) => deed.startsWith('-')).map((deed) => Number(deed.slice(1)));
        expect(undone).toEqual(undone.toSorted((a, b) => b - a));
        const done = deeds.filter((deed) => deed.startsWith('+')).map((deed) => Number(deed.slice(1)));
        expect(undone).toEqual(expect.arrayContaining(done));
      }
    }),
    { numRuns: 40 },
  );
});
