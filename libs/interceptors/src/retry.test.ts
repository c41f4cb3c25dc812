import { afterEach, beforeEach, describe, expect, it, jest, test } from '@jest/globals';
import type { Policy } from '@millrace/contracts';
import { Code, RpcError, type Next, type RpcErrorInit } from '@millrace/rpc';
import { RetryBudget } from './retry/retry-budget.ts';
import { retry, type RetryOptions } from './retry.ts';
import { answering, failing, failureOf, readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeMeter } from './testing/fake-meter.ts';
import { KINDS, testCall, type TestCallOptions } from './testing/test-call.ts';

const down = (init?: RpcErrorInit) => new RpcError(Code.UNAVAILABLE, 'down', init);
const IDEMPOTENT: Partial<Policy> = { idempotency: 'idempotent' };
const UNSAFE: Partial<Policy> = { idempotency: 'unknown' };

/** Lets the call and every wait of it pass. */
async function run(next: Next, call: TestCallOptions = {}, options: RetryOptions = {}) {
  const { call: made } = testCall({ side: 'client', policy: IDEMPOTENT, ...call });
  const settled = readAll(retry(options)(made, next)).then(
    (messages) => ({ messages, error: undefined }),
    (error: unknown) => ({ messages: undefined, error: error as RpcError }),
  );
  await jest.advanceTimersByTimeAsync(60_000);
  return settled;
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('retry', () => {
  test.each(['unary', 'serverStream'] as const)(
    'a %s call is tried again until it succeeds',
    async (kind) => {
      const next = failing(down(), down());
      expect(await run(next, { kind })).toMatchObject({ messages: ['fine'] });
      expect(next.calls.map(({ attempt }) => attempt)).toEqual([0, 1, 2]);
    },
  );

  test.each(['clientStream', 'bidi'] as const)(
    'a %s call, whose requests are gone, is never tried again',
    async (kind) => {
      const next = failing(down({ sent: 'never' }));
      expect((await run(next, { kind })).error).toMatchObject({ code: Code.UNAVAILABLE, retried: false });
      expect(next.calls).toHaveLength(1);
    },
  );

  test.each(KINDS)('a %s call that goes well is made once and arms no timer', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({ side: 'client', kind, policy: IDEMPOTENT });
    await readAll(retry()(call, next));
    expect(next.calls).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('gives up after two retries and marks the error', async () => {
    const next = failing(down(), down(), down(), down());
    expect((await run(next)).error).toMatchObject({ code: Code.UNAVAILABLE, retried: true });
    expect(next.calls).toHaveLength(3);
  });

  test.each<[string, RpcError, Partial<Policy>, boolean]>([
    ['UNAVAILABLE, idempotent', down(), IDEMPOTENT, true],
    ['UNAVAILABLE, without side effects', down(), { idempotency: 'noSideEffects' }, true],
    ['UNAVAILABLE, perhaps seen', down(), UNSAFE, false],
    ['UNAVAILABLE, never sent', down({ sent: 'never' }), UNSAFE, true],
    ['UNAVAILABLE, refused', down({ sent: 'refused' }), UNSAFE, true],
    ['tried again further down', down({ retried: true }), IDEMPOTENT, false],
    ['ABORTED', new RpcError(Code.ABORTED, 'x'), IDEMPOTENT, false],
    ['ABORTED with a delay', new RpcError(Code.ABORTED, 'x', { retryDelayMs: 5 }), IDEMPOTENT, true],
    ['RESOURCE_EXHAUSTED', new RpcError(Code.RESOURCE_EXHAUSTED, 'x'), IDEMPOTENT, false],
    [
      'RESOURCE_EXHAUSTED with a delay',
      new RpcError(Code.RESOURCE_EXHAUSTED, 'x', { retryDelayMs: 5 }),
      IDEMPOTENT,
      true,
    ],
    ['INTERNAL', new RpcError(Code.INTERNAL, 'x'), IDEMPOTENT, false],
    ['DEADLINE_EXCEEDED', new RpcError(Code.DEADLINE_EXCEEDED, 'x', { sent: 'never' }), IDEMPOTENT, false],
    ['INVALID_ARGUMENT', new RpcError(Code.INVALID_ARGUMENT, 'x', { sent: 'refused' }), IDEMPOTENT, false],
  ])('decides on %s', async (_name, error, policy, again) => {
    const next = failing(error);
    await run(next, { policy });
    expect(next.calls).toHaveLength(again ? 2 : 1);
  });

  it('does nothing for a request that is being tried again upstream', async () => {
    const next = failing(down());
    expect((await run(next, { context: { isRetry: true } })).error).toMatchObject({ retried: false });
    expect(next.calls).toHaveLength(1);
  });

  test.each([0, 1, 3])('makes the %s retries that the policy of the method allows', async (maxRetries) => {
    const next = failing(down(), down(), down(), down(), down());
    const { error } = await run(next, { policy: { ...IDEMPOTENT, retry: { maxRetries } } });
    expect(next.calls).toHaveLength(maxRetries + 1);
    expect(error).toMatchObject({ retried: maxRetries > 0 });
  });

  test.each([NaN, -1, -0.001, Infinity, 1e18, 60_001])(
    'takes a delay of %s for a request not to come back, never for none',
    async (retryDelayMs) => {
      const next = failing(down({ retryDelayMs }));
      await run(next);
      expect(next.calls).toHaveLength(1);
    },
  );

  it('waits as long as the server asks', async () => {
    const next = failing(down({ retryDelayMs: 700 }));
    const { call } = testCall({ side: 'client', policy: IDEMPOTENT });
    const reply = readAll(retry()(call, next));
    await jest.advanceTimersByTimeAsync(699);
    expect(next.calls).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(await reply).toEqual(['fine']);
  });

  it('does not wait past the deadline', async () => {
    const next = failing(down({ retryDelayMs: 700 }));
    const { error } = await run(next, { deadlineMs: performance.now() + 600 });
    expect(error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(next.calls).toHaveLength(1);
  });

  it('makes no attempt for a call that was cancelled meanwhile', async () => {
    const next = failing(down({ retryDelayMs: 700 }));
    const { call, cancellation } = testCall({ side: 'client', policy: IDEMPOTENT });
    const reply = failureOf(retry()(call, next));
    await jest.advanceTimersByTimeAsync(10);
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await reply).toMatchObject({ code: Code.CANCELLED });
    expect(next.calls).toHaveLength(1);
  });

  it('leaves neither timer nor subscription when its caller leaves while it waits', async () => {
    const clock = new FakeClock();
    const { call, cancellation } = testCall({ side: 'client', policy: IDEMPOTENT });
    const reply = failureOf(retry({ clock })(call, failing(down({ retryDelayMs: 30_000 }))));
    await jest.advanceTimersByTimeAsync(0);
    expect([clock.running, cancellation.listenerCount]).toEqual([1, 1]);
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    expect(await reply).toMatchObject({ code: Code.CANCELLED });
    expect([clock.running, cancellation.listenerCount]).toEqual([0, 0]);
  });

  it('leaves no subscription when it has waited', async () => {
    const clock = new FakeClock();
    const { call, cancellation } = testCall({ side: 'client', policy: IDEMPOTENT });
    const reply = retry({ clock })(call, failing(down(), down()));
    for (let wait = 0; wait < 2; wait++) {
      await jest.advanceTimersByTimeAsync(0);
      clock.advance(1_000);
    }
    await reply;
    expect([clock.running, cancellation.listenerCount]).toEqual([0, 0]);
  });

  it('is counted', async () => {
    const { meter, records } = fakeMeter();
    await run(failing(down(), down()), {}, { meter });
    const attributes = { 'rpc.system.name': 'grpc', 'rpc.method': 'shop.order.v1.OrderService/GetOrder' };
    expect(records).toEqual(Array(2).fill({ name: 'millrace.client.retries', value: 1, attributes }));
  });

  it('stops when the budget is spent, for all calls together', async () => {
    const interceptorOptions = { budget: new RetryBudget({ capacity: 3 }) };
    let attempts = 0;
    const next: Next = async () => {
      attempts++;
      throw down();
    };
    for (let count = 0; count < 10; count++) {
      expect((await run(next, {}, interceptorOptions)).error).toMatchObject({ retried: true });
    }
    expect(attempts).toBe(13);
  });

  test.each([5, 30, 60, 100])('stays under 1.1 attempts a call when %s % of them fail', async (percent) => {
    const interceptor = retry({ budget: new RetryBudget({ capacity: 10 }) });
    let attempts = 0;
    const next: Next = async (call) => {
      attempts++;
      if (attempts % 100 < percent) throw down({ retryDelayMs: 0 });
      return replyTo(call, ['fine']);
    };
    const calls = 1_500;
    for (let count = 0; count < calls; count++) {
      const { call } = testCall({ side: 'client', policy: IDEMPOTENT });
      const settled = interceptor(call, next).catch(() => undefined);
      await jest.advanceTimersByTimeAsync(2_000);
      await settled;
    }
    expect(attempts / calls).toBeLessThanOrEqual(1.1);
  });
});

describe('retry of a stream', () => {
  const streams = (...attempts: [messages: string[], error?: RpcError][]) => {
    let count = 0;
    const next: Next = async (call) => replyTo(call, ...(attempts[count++] ?? [['none']]));
    return { next, count: () => count };
  };

  it('begins again when it breaks before its first message', async () => {
    const { next, count } = streams([[], down()], [['a', 'b']]);
    expect(await run(next, { kind: 'serverStream' })).toMatchObject({ messages: ['a', 'b'] });
    expect(count()).toBe(2);
  });

  it('has its retries once, for its opening and its first message together', async () => {
    let attempts = 0;
    const next: Next = async (call) => {
      if (attempts++ % 2 === 0) throw down();
      return replyTo(call, [], down());
    };
    expect((await run(next, { kind: 'serverStream' })).error).toMatchObject({ retried: true });
    expect(attempts).toBe(3);
  });

  test.each([...KINDS])('gives back to the budget when a %s call has brought something', async (kind) => {
    const budget = new RetryBudget();
    for (let count = 0; count < 5; count++) budget.take();
    const { call } = testCall({ side: 'client', kind, policy: IDEMPOTENT });
    const reply = await retry({ budget })(call, answering('a', 'b'));
    const isStream = kind === 'serverStream' || kind === 'bidi';
    expect(budget.tokens).toBeCloseTo(isStream ? 5 : 5.1);
    await readAll(reply);
    expect(budget.tokens).toBeCloseTo(5.1);
  });

  it('does not begin again after its first message', async () => {
    const { next, count } = streams([['a'], down()], [['a', 'b']]);
    expect((await run(next, { kind: 'serverStream' })).error).toMatchObject({ code: Code.UNAVAILABLE });
    expect(count()).toBe(1);
  });

  it('opens one that lives long again, but does not begin it again: its caller knows where to go on', async () => {
    const watch = { kind: 'serverStream', policy: { ...IDEMPOTENT, longLived: true } } as const;
    const opened = streams([[], down()]);
    expect((await run(opened.next, watch)).error).toMatchObject({ retried: false });
    expect(opened.count()).toBe(1);
    expect(await run(failing(down()), watch)).toMatchObject({ messages: ['fine'] });
  });

  it('does not begin an unsafe one again', async () => {
    const { next, count } = streams([[], down()], [['a']]);
    expect((await run(next, { kind: 'serverStream', policy: UNSAFE })).error).toBeDefined();
    expect(count()).toBe(1);
  });

  it('is left when its reader leaves', async () => {
    let left = false;
    const next: Next = async (call) => {
      async function* endless() {
        try {
          for (;;) yield 'tick';
        } finally {
          left = true;
        }
      }
      const reply = replyTo(call, []);
      return reply.kind === 'many' ? { ...reply, messages: endless() } : reply;
    };
    const { call } = testCall({ side: 'client', kind: 'serverStream', policy: IDEMPOTENT });
    const reply = await retry()(call, next);
    if (reply.kind === 'many') for await (const _message of reply.messages) break;
    expect(left).toBe(true);
    if (reply.kind === 'many') await reply.trailers;
  });
});
