import { describe, expect, test } from '@jest/globals';
import {
  Code,
  Context,
  currentContext,
  timers,
  type Call,
  type Interceptor,
  type RpcError,
} from '../index.ts';
import type { RigOptions } from '../testing.ts';
import { createRigFor, WAYS, type Way } from '../testing/ways.ts';

const never = new Promise<never>(() => undefined);

interface Ended {
  readonly why: RpcError;
  readonly atMs: number;
}

/** A handler that waits for the end of its calls, and says when its signal and its listener were told. */
function waiting() {
  const begun = Promise.withResolvers<Call>();
  const told = Promise.withResolvers<Ended>();
  const aborted = Promise.withResolvers<Ended>();
  const handlers: RigOptions['handlers'] = {
    echo: (_request, call) => {
      call.onCancel((why) => told.resolve({ why, atMs: performance.now() }));
      call.signal.addEventListener('abort', () =>
        aborted.resolve({ why: call.signal.reason as RpcError, atMs: performance.now() }),
      );
      begun.resolve(call);
      return never;
    },
  };
  return { handlers, begun: begun.promise, told: told.promise, aborted: aborted.promise };
}

/** How long after the deadline of its call everybody has been told, in ms. */
async function expireOne(way: Way): Promise<number> {
  const { handlers, told, aborted, begun } = waiting();
  await using rig = await createRigFor(way, { handlers });
  const startMs = performance.now();
  const failure = rig.client.echo({}, { timeoutMs: 300 }).catch((error: unknown) => error);
  const call = await begun;
  expect(await failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'maybe' });
  const endedMs = performance.now();
  expect(endedMs - startMs).toBeGreaterThanOrEqual(300);
  const ends = [await told, await aborted];
  for (const { why, atMs } of ends) {
    // Whichever was there first: the server's own alarm or the client that left.
    expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain(why.code);
    expect(atMs - startMs).toBeGreaterThan(250);
  }
  expect(call.cancelled).toBeDefined();
  expect(call.context.cancelled).toBe(call.cancelled);
  return Math.max(endedMs, ...ends.map(({ atMs }) => atMs)) - startMs - 300;
}

describe.each(WAYS)('$way', (way) => {
  test('a server never gives a call more time than its client has', async () => {
    const givenMs = new Map<string, number>();
    const look: Interceptor = (call, next) => {
      givenMs.set((call.request as { text: string }).text, call.deadlineMs - performance.now());
      return next(call);
    };
    await using rig = await createRigFor(way, { server: [look] });
    for (const timeoutMs of [1.5, 5.9, 20.5, 99.99, 100.7, 1_000.9, 60_000.5, 1e8 + 0.7, 5e9]) {
      const text = `${timeoutMs}`;
      // The shortest may be over before they are there.
      await rig.client.echo({ text }, { timeoutMs }).catch(() => undefined);
      expect(givenMs.get(text) ?? 0).toBeLessThan(timeoutMs);
    }
    expect(givenMs.get('60000.5')).toBeGreaterThan(59_000);
  });

  test('without a deadline there is none', async () => {
    let deadlineMs = 0;
    const look: Interceptor = (call, next) => {
      deadlineMs = call.deadlineMs;
      expect(call.context.deadlineMs).toBe(Infinity);
      return next(call);
    };
    await using rig = await createRigFor(way, { server: [look] });
    await rig.client.echo({});
    expect(deadlineMs).toBe(Infinity);
  });

  test('a call whose deadline has passed is never sent', async () => {
    let seen = 0;
    const count: Interceptor = (call, next) => {
      seen += 1;
      return next(call);
    };
    await using rig = await createRigFor(way, { server: [count] });
    for (const timeoutMs of [0, -1, -1e9]) {
      const failure = rig.client.echo({}, { timeoutMs });
      await expect(failure).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'never' });
    }
    await rig.client.echo({});
    expect(seen).toBe(1);
  });

  test('a deadline ends the call here and there within a tenth of a second, and it may have been sent', async () => {
    const lateMs = await Promise.all(Array.from({ length: 5 }, () => expireOne(way)));
    // The machine may be busy with something else.
    expect(Math.min(...lateMs)).toBeLessThan(100);
    expect(timers.size).toBe(0);
  });

  test('a call never outlives the deadline of its context', async () => {
    await using rig = await createRigFor(way, { handlers: { echo: () => never } });
    const context = new Context({ deadlineMs: performance.now() + 50 });
    const failure = rig.client.echo({}, { context, timeoutMs: 60_000 });
    await expect(failure).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  test('what is left of a deadline travels on, over every hop', async () => {
    const leftMs: number[] = [];
    const measure: Interceptor = (call, next) => {
      leftMs.push(call.deadlineMs - performance.now());
      expect(call.context.deadlineMs).toBe(call.deadlineMs);
      return next(call);
    };
    await using backend = await createRigFor(way, { server: [measure] });
    await using rig = await createRigFor(way, {
      server: [measure],
      handlers: {
        echo: ({ text }) => {
          expect(currentContext().deadlineMs).not.toBe(Infinity);
          return backend.client.echo({ text }).then(() => ({ text }));
        },
      },
    });
    await rig.client.echo({}, { timeoutMs: 5_000 });
    const [first = 0, second = 0] = leftMs;
    expect(first).toBeLessThanOrEqual(5_000);
    expect(second).toBeLessThanOrEqual(first);
    expect(second).toBeGreaterThan(3_000);
  });

  test('two hundred deadlines at once end as many calls and leave no timer', async () => {
    await using rig = await createRigFor(way, { handlers: { echo: () => never } });
    const failures = Array.from({ length: 200 }, (_, index) =>
      rig.client.echo({}, { timeoutMs: 100 + (index % 50) }).catch((error: RpcError) => error.code),
    );
    expect(new Set(await Promise.all(failures))).toEqual(new Set([Code.DEADLINE_EXCEEDED]));
    expect((await rig.client.change({ text: 'after' })).text).toBe('after');
    expect(timers.size).toBe(0);
  });
});
