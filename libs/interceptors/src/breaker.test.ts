import { describe, expect, it, test } from '@jest/globals';
import { Code, RpcError, type Next } from '@millrace/rpc';
import { breaker } from './breaker.ts';
import { answering, failureOf, readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { KINDS, testCall } from './testing/test-call.ts';

function rig() {
  const clock = new FakeClock();
  const changes: string[] = [];
  const interceptor = breaker({ clock, onChange: (method, state) => changes.push(`${method} ${state}`) });
  const run = (next: Next, kind: (typeof KINDS)[number] = 'unary') =>
    readAll(interceptor(testCall({ side: 'client', kind }).call, next)).catch((error: unknown) => error);
  const times = async (count: number, next: Next, kind?: (typeof KINDS)[number]) => {
    for (let index = 0; index < count; index++) await run(next, kind);
  };
  return { clock, changes, interceptor, run, times };
}

const failingWith =
  (code: Code, sent: 'never' | 'maybe' = 'maybe'): Next =>
  () =>
    Promise.reject(new RpcError(code, 'no', { sent }));

describe('the breaker', () => {
  test.each(KINDS)('fails %s calls at once when the service is failing', async (kind) => {
    const { run, times, changes } = rig();
    await times(20, failingWith(Code.UNAVAILABLE), kind);
    const next = answering('fine');
    expect(await run(next, kind)).toMatchObject({
      code: Code.UNAVAILABLE,
      reason: 'CIRCUIT_OPEN',
      sent: 'never',
      retried: true,
      retryDelayMs: 1_000,
    });
    expect(next.calls).toHaveLength(0);
    expect(changes).toEqual(['/shop.order.v1.OrderService/GetOrder open']);
  });

  test.each(KINDS)('lets %s calls through again when the service is well', async (kind) => {
    const { run, times, clock, changes } = rig();
    await times(20, failingWith(Code.UNAVAILABLE), kind);
    clock.advance(1_000);
    await times(10, answering('fine'), kind);
    expect(await run(answering('fine'), kind)).toEqual(['fine']);
    expect(changes.at(-1)).toContain('closed');
  });

  test.each([
    [Code.UNAVAILABLE, true],
    [Code.INTERNAL, true],
    [Code.UNKNOWN, true],
    [Code.DATA_LOSS, true],
    [Code.DEADLINE_EXCEEDED, true],
    [Code.INVALID_ARGUMENT, false],
    [Code.NOT_FOUND, false],
    [Code.RESOURCE_EXHAUSTED, false],
    [Code.UNAUTHENTICATED, false],
    [Code.CANCELLED, false],
  ])('counts status %s as the server’s fault: %s', async (code, counts) => {
    const { times, changes } = rig();
    await times(40, failingWith(code));
    expect(changes.length > 0).toBe(counts);
  });

  it('counts a server that nobody could be sent to, but not what failed here', async () => {
    const here = rig();
    await here.times(40, failingWith(Code.INTERNAL, 'never'));
    expect(here.changes).toEqual([]);
    const there = rig();
    await there.times(40, failingWith(Code.UNAVAILABLE, 'never'));
    expect(there.changes).toHaveLength(1);
  });

  test.each(['serverStream', 'bidi'] as const)(
    'opens for %s calls that open and then break',
    async (kind) => {
      const { times, changes } = rig();
      await times(20, async (call) => replyTo(call, ['a'], new RpcError(Code.UNAVAILABLE, 'broke')), kind);
      expect(changes).toHaveLength(1);
    },
  );

  test.each(['serverStream', 'bidi'] as const)(
    'takes a %s call that its reader left for a good one',
    async (kind) => {
      const { interceptor, changes } = rig();
      for (let index = 0; index < 40; index++) {
        const reply = await interceptor(testCall({ side: 'client', kind }).call, answering('a', 'b'));
        if (reply.kind === 'many') for await (const _message of reply.messages) break;
      }
      expect(changes).toEqual([]);
    },
  );

  it('keeps methods apart', async () => {
    const { interceptor, times } = rig();
    await times(20, failingWith(Code.UNAVAILABLE));
    const { call } = testCall({ side: 'client' });
    const method = { ...call.method, path: '/shop.order.v1.OrderService/Other' };
    const other = Object.create(call, { method: { value: method } }) as typeof call;
    expect(await readAll(interceptor(other, answering('fine')))).toEqual(['fine']);
    expect(await failureOf(interceptor(call, answering('fine')))).toMatchObject({ reason: 'CIRCUIT_OPEN' });
  });
});
