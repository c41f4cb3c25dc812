import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createLoop, type Loop, type LoopOptions } from './loop.ts';

let runs: number[];
let loop: Loop | undefined;
beforeEach(() => {
  jest.useFakeTimers();
  runs = [];
});
afterEach(async () => {
  await loop?.stop();
  jest.useRealTimers();
});

function open(options: Partial<LoopOptions>): Loop {
  const startMs = performance.now();
  const run = (): Promise<boolean> => {
    runs.push(performance.now() - startMs);
    return Promise.resolve(false);
  };
  loop = createLoop({ run, pollMs: 500, onError: () => undefined, ...options });
  loop.start();
  return loop;
}

/** Lets this much time pass, and what is due in it happen. */
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('runs at its start, then less and less often while there is nothing to do', async () => {
  open({});
  await pass(1500);
  expect(runs).toEqual([0, 20, 60, 140, 300, 620, 1120]);
});

test('a wake runs at once', async () => {
  const { wake } = open({});
  await pass(65);
  wake();
  await pass(1);
  expect(runs).toEqual([0, 20, 60, 65]);
});

test('wakes within the spacing share one run', async () => {
  const { wake } = open({ spacingMs: () => 10 });
  for (let i = 0; i < 5; i += 1) {
    await pass(1);
    wake();
  }
  await pass(6);
  expect(runs).toEqual([0, 10]);
});

test('after the spacing a wake runs at once', async () => {
  const { wake } = open({ spacingMs: () => 10 });
  await pass(15);
  wake();
  await pass(1);
  expect(runs).toEqual([0, 15]);
});

test('runs again right away while there is more, and pauses for long after an error', async () => {
  const errors: unknown[] = [];
  let left = 3;
  open({
    run: () => {
      runs.push(performance.now());
      left -= 1;
      return left > 0 ? Promise.resolve(true) : Promise.reject(new Error('broken'));
    },
    onError: (error) => errors.push(error),
  });
  await pass(499);
  expect(runs).toHaveLength(3);
  expect(errors).toHaveLength(1);
  await pass(1);
  expect(runs).toHaveLength(4);
});

test('nothing runs after the stop, which waits for the run that is under way', async () => {
  const under = Promise.withResolvers<boolean>();
  const { stop, wake } = open({ run: () => under.promise });
  let stopped = false;
  const stopping = stop().then(() => (stopped = true));
  wake();
  await pass(10);
  expect(stopped).toBe(false);
  under.resolve(true);
  await stopping;
  await pass(1000);
  expect(runs).toEqual([]);
});
