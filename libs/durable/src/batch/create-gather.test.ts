import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, test } from '@jest/globals';
import { DatabaseUnavailable, WorkCancelled } from '../postgres/errors.ts';
import { createGather, Failed, type GatherOptions } from './create-gather.ts';

/** A gather of words whose batches stand still until they are let go. */
function setUp(options: Partial<GatherOptions<string, string>> = {}) {
  const batches: (readonly string[])[] = [];
  const signals: AbortSignal[] = [];
  const gates: (() => void)[] = [];
  const gather = createGather<string, string>({
    work: async (items, signal) => {
      batches.push(items);
      signals.push(signal);
      await new Promise<void>((resolve) => gates.push(resolve));
      return items.map((item) => item.toUpperCase());
    },
    ...options,
  });
  const started = async (count: number): Promise<void> => {
    while (batches.length < count) await new Promise(setImmediate);
  };
  return { gather, batches, signals, started, letGo: () => gates.shift()?.() };
}

test('what arrives in one turn is a batch, and what arrives while it runs is the next', async () => {
  const { gather, batches, started, letGo } = setUp();
  const first = ['a', 'b'].map((item) => gather.add(item));
  await started(1);
  const second = ['c', 'd', 'e'].map((item) => gather.add(item));
  await new Promise(setImmediate);
  expect(batches).toEqual([['a', 'b']]);
  letGo();
  expect(await Promise.all(first)).toEqual(['A', 'B']);
  await started(2);
  letGo();
  expect(await Promise.all(second)).toEqual(['C', 'D', 'E']);
  expect(batches[1]).toEqual(['c', 'd', 'e']);
  await gather.drain();
});

test('batches have a greatest size, so many run at once, and what is too much is refused', async () => {
  const { gather, batches, started, letGo } = setUp({ maxItems: 2, maxRunning: 2, maxWaiting: 5 });
  const all = ['a', 'b', 'c', 'd', 'e'].map((item) => gather.add(item));
  await expect(gather.add('f')).rejects.toBeInstanceOf(DatabaseUnavailable);
  await started(2);
  expect(batches).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
  letGo();
  await started(3);
  letGo();
  letGo();
  expect(await Promise.all(all)).toEqual(['A', 'B', 'C', 'D', 'E']);
});

test('items of one name go one after the other, in their order', async () => {
  const { gather, batches, started, letGo } = setUp({ nameOf: (item) => item.charAt(0) });
  const all = ['a1', 'a2', 'b1', 'a3'].map((item) => gather.add(item));
  for (const count of [1, 2, 3]) {
    await started(count);
    letGo();
  }
  await Promise.all(all);
  expect(batches).toEqual([['a1', 'b1'], ['a2'], ['a3']]);
});

test('a poison item fails alone: the batch is halved until it stands by itself', async () => {
  const tried: number[] = [];
  const gather = createGather<number, number>({
    work: async (items) => {
      tried.push(items.length);
      if (items.includes(5)) throw new Error('five');
      return items.map((item) => 2 * item);
    },
  });
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, item) => gather.add(item)));
  expect(results.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))).toEqual([
    ...[0, 2, 4, 6, 8, 'Error: five', 12, 14],
  ]);
  expect(tried).toEqual([8, 4, 4, 2, 1, 1, 2]);
});

test('an item that fails by itself leaves the others alone', async () => {
  const gather = createGather<number, number>({
    work: async (items) => items.map((item) => (item === 1 ? new Failed(new Error('one')) : item)),
  });
  const results = await Promise.allSettled([0, 1, 2].map((item) => gather.add(item)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('what is nobody’s fault is everybody’s failure, and is not tried again', async () => {
  let tries = 0;
  const gather = createGather<number, number>({
    work: () => {
      tries += 1;
      return Promise.reject(new DatabaseUnavailable('gone'));
    },
    isNobodysFault: (error) => error instanceof DatabaseUnavailable,
  });
  const results = await Promise.allSettled([1, 2, 3].map((item) => gather.add(item)));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(tries).toBe(1);
});

test('who leaves before the batch is sent is not in it; who leaves later shares its fate', async () => {
  const { gather, batches, started, letGo } = setUp();
  const [early, late] = [new AbortController(), new AbortController()];
  const stays = gather.add('stays');
  const leavesEarly = gather.add('early', { signal: early.signal });
  const leavesLate = gather.add('late', { signal: late.signal });
  early.abort();
  await expect(leavesEarly).rejects.toBeInstanceOf(WorkCancelled);
  await started(1);
  late.abort();
  letGo();
  expect(await Promise.all([stays, leavesLate])).toEqual(['STAYS', 'LATE']);
  expect(batches).toEqual([['stays', 'late']]);
  await expect(gather.add('never', { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(WorkCancelled);
});

test('a batch is given up when everybody has left', async () => {
  const { gather, signals, started, letGo } = setUp();
  const leaving = [new AbortController(), new AbortController()];
  const all = leaving.map(({ signal }, at) => gather.add(String(at), { signal }));
  await started(1);
  leaving[0]?.abort();
  expect(signals[0]?.aborted).toBe(false);
  leaving[1]?.abort();
  expect(signals[0]?.aborted).toBe(true);
  letGo();
  await Promise.all(all);
});

test('a batch runs in nobody’s context', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const gather = createGather<string, undefined>({
    work: async (items) => {
      seen.push(storage.getStore());
      return items.map(() => undefined);
    },
  });
  await storage.run('ada', () => Promise.all([gather.add('a'), storage.run('grace', () => gather.add('b'))]));
  expect(seen).toEqual([undefined]);
});
