import { expect, test } from '@jest/globals';
import { Code, type Call } from '@millrace/rpc';
import { createRig, type RigOptions } from '@millrace/rpc/testing';
import { failureOf } from '../testing/answers.ts';
import { KINDS } from '../testing/test-call.ts';
import { clientDeadline } from './client-deadline.ts';
import { serverDeadline } from './server-deadline.ts';

const TIMEOUT_MS = 300;
/** From the moment that somebody's time is over until everybody who works for it knows. */
const BAR_MS = 100;

/** Handlers of every kind that do `work`, and answer when it does. */
function working(work: (call: Call) => Promise<unknown>): NonNullable<RigOptions['handlers']> {
  return {
    echo: async (_request, call) => (await work(call), {}),
    collect: async (_requests, call) => (await work(call), {}),
    async *expand(_request, call) {
      yield await work(call).then(() => ({}));
    },
    async *chat(_requests, call) {
      yield await work(call).then(() => ({}));
    },
  };
}

/** How long this process has not run: on a busy machine that is nobody's fault. */
function watchStalls(): { readonly ms: () => number } & Disposable {
  const everyMs = 5;
  let stalledMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    stalledMs += Math.max(0, nowMs - lastMs - 2 * everyMs);
    lastMs = nowMs;
  }, everyMs);
  return { ms: () => stalledMs, [Symbol.dispose]: () => clearInterval(timer) };
}

function aborted(call: Call): Promise<number> {
  return new Promise((resolve) => {
    const end = (): void => resolve(performance.now());
    if (call.signal.aborted) end();
    else call.signal.addEventListener('abort', end, { once: true });
  });
}

const chains = { server: [serverDeadline()], client: [clientDeadline()] };

test.each(KINDS)('the end of a %s call reaches its handler and all that it called for it', async (kind) => {
  const ends: Promise<number>[] = [];
  const deaf = working((call) => {
    ends.push(aborted(call));
    return new Promise(() => undefined);
  });
  await using back = await createRig({ ...chains, handlers: deaf });
  await using front = await createRig({
    ...chains,
    handlers: working((call) => {
      const work = back.call(kind);
      const now = (): number => performance.now();
      // Its own call ends a little sooner, and it with that.
      ends.push(Promise.race([aborted(call), work.then(now, now)]));
      return work;
    }),
  });
  // Until connections are made.
  while (ends.length < 2) {
    ends.length = 0;
    await failureOf(front.call(kind, ['a'], { timeoutMs: 100 }));
  }
  await Promise.all(ends);
  ends.length = 0;
  using stalls = watchStalls();
  const startMs = performance.now();
  expect(await failureOf(front.call(kind, ['a'], { timeoutMs: TIMEOUT_MS }))).toMatchObject({
    code: Code.DEADLINE_EXCEEDED,
  });
  expect(ends).toHaveLength(2);
  for (const endedMs of await Promise.all(ends)) {
    expect(endedMs - startMs - stalls.ms()).toBeLessThan(TIMEOUT_MS + BAR_MS);
  }
});

test.each(KINDS)('a %s call that its caller leaves ends everywhere as soon', async (kind) => {
  const begun = Promise.withResolvers<void>();
  const ends: Promise<number>[] = [];
  const handlers = working((call) => {
    ends.push(aborted(call));
    begun.resolve();
    return new Promise(() => undefined);
  });
  await using back = await createRig({ ...chains, handlers });
  await using front = await createRig({
    ...chains,
    handlers: working((call) => {
      const work = back.call(kind);
      const now = (): number => performance.now();
      // Its own call ends a little sooner, and it with that.
      ends.push(Promise.race([aborted(call), work.then(now, now)]));
      return work;
    }),
  });
  const controller = new AbortController();
  const failure = failureOf(front.call(kind, ['a'], { signal: controller.signal }));
  await begun.promise;
  using stalls = watchStalls();
  const leftMs = performance.now();
  controller.abort();
  expect(await failure).toMatchObject({ code: Code.CANCELLED });
  for (const endedMs of await Promise.all(ends)) {
    expect(endedMs - leftMs - stalls.ms()).toBeLessThan(BAR_MS);
  }
});
