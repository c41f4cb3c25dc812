import { expect, test } from '@jest/globals';
import { mapConcurrently } from './map-concurrently.ts';

/** Work that ends when the test says so. */
function createWork() {
  const running = new Map<number, PromiseWithResolvers<string>>();
  const started: number[] = [];
  let onStart = Promise.withResolvers<void>();
  return {
    started,
    work: (input: number): Promise<string> => {
      const result = Promise.withResolvers<string>();
      running.set(input, result);
      started.push(input);
      onStart.resolve();
      onStart = Promise.withResolvers();
      return result.promise;
    },
    finish: (input: number) => running.get(input)?.resolve(`done ${input}`),
    fail: (input: number) => running.get(input)?.reject(new Error(`failed ${input}`)),
    hasStarted: async (count: number) => {
      while (started.length < count) await onStart.promise;
    },
  };
}

async function* numbers(count: number): AsyncIterable<number> {
  for (let number = 0; number < count; number += 1) yield number;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('results come in the order they are done', async () => {
  const { work, finish, hasStarted } = createWork();
  const results = mapConcurrently(numbers(3), 8, work)[Symbol.asyncIterator]();
  const first = results.next();
  await hasStarted(3);
  finish(2);
  expect(await first).toEqual({ done: false, value: 'done 2' });
  finish(0);
  expect((await results.next()).value).toBe('done 0');
  finish(1);
  expect((await results.next()).value).toBe('done 1');
  expect((await results.next()).done).toBe(true);
});

test('no more is read than fits, and a result that nobody takes still fills its place', async () => {
  const { work, finish, hasStarted, started } = createWork();
  const results = mapConcurrently(numbers(100), 2, work)[Symbol.asyncIterator]();
  const first = results.next();
  await hasStarted(2);
  finish(0);
  finish(1);
  await first;
  await hasStarted(3);
  await settle();
  expect(started).toEqual([0, 1, 2]);
  await results.return?.();
});

test('what runs when the inputs end is finished', async () => {
  const { work, finish, hasStarted } = createWork();
  const seen: string[] = [];
  const all = (async () => {
    for await (const result of mapConcurrently(numbers(2), 8, work)) seen.push(result);
  })();
  await hasStarted(2);
  await settle();
  finish(1);
  finish(0);
  await all;
  expect(seen).toEqual(['done 1', 'done 0']);
});

test('a failure ends it once what runs is done', async () => {
  const { work, finish, fail, hasStarted } = createWork();
  const seen: string[] = [];
  const all = (async () => {
    for await (const result of mapConcurrently(numbers(2), 8, work)) seen.push(result);
  })();
  await hasStarted(2);
  fail(0);
  await settle();
  finish(1);
  await expect(all).rejects.toThrow('failed 0');
  expect(seen).toEqual(['done 1']);
});

test('inputs that break off end it with their error', async () => {
  async function* broken(): AsyncIterable<number> {
    yield 0;
    throw new Error('connection lost');
  }
  const { work, finish, hasStarted } = createWork();
  const results = mapConcurrently(broken(), 8, work)[Symbol.asyncIterator]();
  const first = results.next();
  await hasStarted(1);
  finish(0);
  await first;
  await expect(results.next()).rejects.toThrow('connection lost');
});
