import { describe, expect, it, test } from '@jest/globals';
import type { Policy } from '@millrace/contracts';
import { Code, RpcError, type Call, type Next, type Reply } from '@millrace/rpc';
import { hedge } from './hedge.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { failureOf, hanging, readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeMeter } from './testing/fake-meter.ts';
import { KINDS, testCall, type TestCallOptions } from './testing/test-call.ts';

const down = (retryDelayMs?: number) => new RpcError(Code.UNAVAILABLE, 'down', { retryDelayMs });
const READ: Partial<Policy> = { idempotency: 'noSideEffects', hedge: { enabled: true, delayMs: 10 } };
const ADAPTIVE: Partial<Policy> = { ...READ, hedge: { enabled: true, delayMs: 0 } };
const READS = ['unary', 'serverStream'] as const;
const settled = () => new Promise(setImmediate);

interface Attempt {
  readonly call: Call;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: RpcError) => void;
}

/** The interceptor over a service whose every attempt the test answers, or finds cancelled. */
function rig(budget = new RetryBudget()) {
  const clock = new FakeClock();
  const { meter, records } = fakeMeter();
  const interceptor = hedge({ clock, budget, meter });
  const attempts: Attempt[] = [];
  const next: Next = (call) =>
    new Promise((resolve, reject) => {
      attempts.push({ call, resolve, reject });
      call.onCancel(reject);
    });
  const at = (index: number): Attempt => {
    const attempt = attempts[index];
    if (!attempt) throw new Error(`there is no attempt ${index}`);
    return attempt;
  };
  const start = (options: TestCallOptions = {}) => {
    const { call, cancellation } = testCall({ side: 'client', policy: READ, ...options });
    const messages = readAll(interceptor(call, next));
    messages.catch(() => undefined);
    return { messages, cancellation };
  };
  const answer = async (index: number, ...texts: string[]) => {
    at(index).resolve(replyTo(at(index).call, texts));
    await settled();
  };
  const fail = async (index: number, error: RpcError) => {
    at(index).reject(error);
    await settled();
  };
  /** Makes calls that take so long. */
  const see = async (times: readonly number[]) => {
    for (const ms of times) {
      const slow: Next = async (call) => {
        clock.advance(ms);
        return replyTo(call, ['fine']);
      };
      await readAll(interceptor(testCall({ side: 'client', policy: ADAPTIVE }).call, slow));
    }
  };
  return { clock, records, interceptor, attempts, at, start, answer, fail, see };
}

describe.each(READS)('a hedged %s call', (kind) => {
  it('is made once when the answer comes in time', async () => {
    const { clock, start, answer, attempts } = rig();
    const { messages, cancellation } = start({ kind });
    clock.advance(9);
    await answer(0, 'fine');
    clock.advance(100);
    expect(await messages).toEqual(['fine']);
    expect(attempts).toHaveLength(1);
    expect([clock.running, cancellation.listenerCount]).toEqual([0, 0]);
  });

  it('is made a second time when it takes too long, and never a third', async () => {
    const { clock, start, attempts } = rig();
    start({ kind });
    clock.advance(1_000);
    expect(attempts.map(({ call }) => call.attempt)).toEqual([0, 1]);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])('takes the answer of attempt %i when it comes first, and cancels the other', async (winner, loser) => {
    const { clock, start, answer, at } = rig();
    const { messages, cancellation } = start({ kind });
    clock.advance(10);
    await answer(winner, 'first');
    expect(await messages).toEqual(['first']);
    expect(at(loser).call.cancelled).toMatchObject({ code: Code.CANCELLED });
    expect(at(winner).call.cancelled).toBeUndefined();
    expect(cancellation.why).toBeUndefined();
    expect([clock.running, cancellation.listenerCount]).toEqual([0, 0]);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])('waits for the other when attempt %i fails', async (first, second) => {
    const { clock, start, answer, fail } = rig();
    const { messages } = start({ kind });
    clock.advance(10);
    await fail(first, down());
    await answer(second, 'fine');
    expect(await messages).toEqual(['fine']);
  });

  it('fails when both have', async () => {
    const { clock, start, fail } = rig();
    const { messages, cancellation } = start({ kind });
    clock.advance(10);
    await fail(0, down());
    await fail(1, new RpcError(Code.INTERNAL, 'last'));
    expect(await failureOf(messages)).toMatchObject({ code: Code.INTERNAL });
    expect(cancellation.listenerCount).toBe(0);
  });

  it('fails at once when the first fails before the second is sent', async () => {
    const { clock, start, fail, attempts } = rig();
    const { messages } = start({ kind });
    await fail(0, down());
    expect(await failureOf(messages)).toMatchObject({ code: Code.UNAVAILABLE });
    expect(clock.running).toBe(0);
    expect(attempts).toHaveLength(1);
  });

  it('ends with its caller, both attempts', async () => {
    const { clock, start, at } = rig();
    const { messages, cancellation } = start({ kind });
    clock.advance(10);
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    expect(await failureOf(messages)).toMatchObject({ message: 'left' });
    expect([at(0).call.cancelled?.message, at(1).call.cancelled?.message]).toEqual(['left', 'left']);
  });

  it('is not made a second time when its caller left before', async () => {
    const { clock, start, attempts } = rig();
    const { cancellation } = start({ kind });
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    clock.advance(10);
    expect(attempts).toHaveLength(1);
  });
});

test.each<[string, TestCallOptions]>([
  ['that may change something', { policy: { ...READ, idempotency: 'idempotent' } }],
  ['that does not ask for it', { policy: { ...READ, hedge: { enabled: false, delayMs: 10 } } }],
  ['without an end of its own', { kind: 'serverStream', policy: { ...READ, longLived: true } }],
  ['that streams its requests', { kind: 'clientStream' }],
  ['that streams both ways', { kind: 'bidi' }],
  ['made for a request that is tried again', { context: { isRetry: true } }],
  ['made for a request that has hedges', { context: { isHedged: true } }],
  ['with no time left for it', { deadlineMs: 1_010 }],
])('a call %s has no hedge', async (_what, options) => {
  const { clock, start, attempts } = rig();
  start(options);
  clock.advance(1_000);
  expect(attempts).toHaveLength(1);
});

it('a second attempt has no hedge', async () => {
  const { clock, interceptor } = rig();
  const calls: Call[] = [];
  const { call } = testCall({ side: 'client', policy: READ });
  void interceptor(call.with({ attempt: 1 }), (one) => (calls.push(one), hanging(one)));
  clock.advance(1_000);
  expect(calls).toHaveLength(1);
});

describe('hedges', () => {
  test.each([
    [0, false],
    [1, true],
  ])('are counted: attempt %i was taken', async (winner, won) => {
    const { clock, start, answer, records } = rig();
    start();
    clock.advance(10);
    await answer(winner, 'first');
    const attributes = {
      'rpc.system.name': 'grpc',
      'rpc.method': 'shop.order.v1.OrderService/GetOrder',
      won,
    };
    expect(records).toEqual([{ name: 'millrace.client.hedges', value: 1, attributes }]);
  });

  it('come out of the budget of retries, two tokens each', async () => {
    const { clock, start, attempts } = rig(new RetryBudget({ capacity: 5 }));
    for (let count = 0; count < 5; count++) start();
    clock.advance(10);
    expect(attempts).toHaveLength(7);
  });

  it('wait until twenty calls were seen, and then for the 95th percentile of them', async () => {
    const { clock, start, see, attempts } = rig();
    await see(Array.from({ length: 19 }, (_, index) => index + 1));
    start({ policy: ADAPTIVE });
    clock.advance(1_000);
    expect(attempts).toHaveLength(1);
    await see([20]);
    start({ policy: ADAPTIVE });
    clock.advance(18);
    expect(attempts).toHaveLength(2);
    clock.advance(1);
    expect(attempts).toHaveLength(3);
  });

  it('keep to one in twenty when every hedge wins', async () => {
    const { clock, interceptor, see } = rig(new RetryBudget({ capacity: 1e6 }));
    await see(Array.from({ length: 128 }, (_, index) => 1 + ((index * 37) % 100)));
    let sent = 0;
    const total = 2_000;
    for (let index = 0; index < total; index++) {
      const next: Next = (call) => {
        if (call.attempt === 1) {
          sent++;
          clock.advance(1);
          return Promise.resolve(replyTo(call, ['fine']));
        }
        return new Promise((resolve) => {
          const undo = clock.after(0.5 + ((index * 37) % 100), () => resolve(replyTo(call, ['fine'])));
          call.onCancel(undo);
        });
      };
      const reply = interceptor(testCall({ side: 'client', policy: ADAPTIVE }).call, next);
      while (clock.running > 0) {
        clock.advance(0.5);
        await Promise.resolve();
      }
      await reply;
    }
    expect(sent / total).toBeLessThan(0.07);
  });

  it('rest for as long as the server asks', async () => {
    const { clock, start, fail, attempts } = rig();
    start();
    await fail(0, down(500));
    start();
    clock.advance(100);
    expect(attempts).toHaveLength(2);
    clock.advance(400);
    start();
    clock.advance(10);
    expect(attempts).toHaveLength(4);
  });

  it('of a stream are sent while it has brought nothing, although it is open', async () => {
    const { clock, start, answer, at } = rig();
    const { messages } = start({ kind: 'serverStream' });
    at(0).resolve(await hanging(at(0).call));
    await settled();
    clock.advance(10);
    await answer(1, 'a', 'b');
    expect(await messages).toEqual(['a', 'b']);
    expect(at(0).call.cancelled).toBeDefined();
  });

  it('of a stream are not sent once it has brought something', async () => {
    const { clock, interceptor } = rig();
    const { call } = testCall({ side: 'client', kind: 'serverStream', policy: READ });
    const calls: Call[] = [];
    const reply = await interceptor(call, async (one) => {
      calls.push(one);
      return replyTo(one, ['a', 'b']);
    });
    clock.advance(1_000);
    expect(await readAll(reply)).toEqual(['a', 'b']);
    expect(calls).toHaveLength(1);
  });
});

test.each(KINDS)('a %s call of which nothing was said passes as it is', async (kind) => {
  const policy = { hedge: { enabled: false, delayMs: 0 } };
  const { call, cancellation } = testCall({ side: 'client', kind, policy });
  const reply = Promise.resolve(replyTo(call, ['fine']));
  expect(hedge()(call, (one) => (expect(one).toBe(call), reply))).toBe(reply);
  expect(cancellation.listenerCount).toBe(0);
});
