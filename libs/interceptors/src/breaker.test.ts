import { describe, expect, it, test } from '@jest/globals';
import type { BreakerPolicy, Policy } from '@millrace/contracts';
import { Code, RpcError, type Next } from '@millrace/rpc';
import { context, trace } from '@opentelemetry/api';
import { breaker } from './breaker.ts';
import { answering, failureOf, hanging, readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeMeter } from './testing/fake-meter.ts';
import { fakeTelemetry } from './testing/fake-telemetry.ts';
import { KINDS, testCall } from './testing/test-call.ts';

function rig(policy: Partial<Policy> = {}) {
  const clock = new FakeClock();
  const changes: string[] = [];
  const { meter, observe } = fakeMeter();
  const onChange = (method: string, state: string) => void changes.push(`${method} ${state}`);
  const interceptor = breaker({ clock, meter, onChange });
  const run = (next: Next, kind: (typeof KINDS)[number] = 'unary') =>
    readAll(interceptor(testCall({ side: 'client', kind, policy }).call, next)).catch(
      (error: unknown) => error,
    );
  const times = async (count: number, next: Next, kind?: (typeof KINDS)[number]) => {
    for (let index = 0; index < count; index++) await run(next, kind);
  };
  return { clock, changes, interceptor, observe, run, times };
}

const failingWith =
  (code: Code, sent: 'never' | 'maybe' = 'maybe'): Next =>
  () =>
    Promise.reject(new RpcError(code, 'no', { sent }));

const BREAKER: BreakerPolicy = {
  failureRatio: 0.5,
  windowMs: 10_000,
  minimumCalls: 20,
  openMs: 1_000,
  trialCalls: 10,
  slowCallMs: Infinity,
};

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

  test.each([
    ['its age', Code.UNAVAILABLE, 'MAX_AGE'],
    ['what this side did not send', Code.DEADLINE_EXCEEDED, 'STREAM_IDLE'],
  ] as const)('does not count a stream that was ended for %s', async (_what, code, reason) => {
    const { times, changes } = rig();
    await times(40, async (call) => replyTo(call, ['a'], new RpcError(code, 'enough', { reason })), 'bidi');
    expect(changes).toEqual([]);
  });

  it('keeps methods apart', async () => {
    const { interceptor, times } = rig();
    await times(20, failingWith(Code.UNAVAILABLE));
    const { call } = testCall({ side: 'client' });
    const method = { ...call.method, path: '/shop.order.v1.OrderService/Other' };
    const other = Object.create(call, { method: { value: method } }) as typeof call;
    expect(await readAll(interceptor(other, answering('fine')))).toEqual(['fine']);
    expect(await failureOf(interceptor(call, answering('fine')))).toMatchObject({ reason: 'CIRCUIT_OPEN' });
  });

  it('goes by the policy of the method', async () => {
    const { times, clock, run } = rig({
      breaker: { ...BREAKER, failureRatio: 0.2, minimumCalls: 5, openMs: 300, trialCalls: 1 },
    });
    await times(4, answering('fine'));
    await times(1, failingWith(Code.UNAVAILABLE));
    expect(await run(answering('fine'))).toMatchObject({ reason: 'CIRCUIT_OPEN', retryDelayMs: 300 });
    clock.advance(300);
    await times(1, answering('fine'));
    expect(await run(answering('fine'))).toEqual(['fine']);
  });

  test.each(KINDS)('takes a %s call that is answered too late for a failure', async (kind) => {
    const { times, clock, changes } = rig({ breaker: { ...BREAKER, slowCallMs: 100 } });
    const after = (ms: number): Next => {
      return async (call) => {
        if (call.kind === 'unary' || call.kind === 'clientStream') clock.advance(ms);
        const reply = replyTo(call, ['a', 'b']);
        if (reply.kind === 'one') return reply;
        async function* late() {
          clock.advance(ms);
          yield 'a';
          // What comes after the first message may take as long as it likes.
          clock.advance(1);
          yield 'b';
        }
        return { ...reply, messages: late() };
      };
    };
    await times(40, after(100), kind);
    expect(changes).toEqual([]);
    await times(40, after(101), kind);
    expect(changes).toHaveLength(1);
  });

  test.each(['serverStream', 'bidi'] as const)('waits for the first message of a %s call', async (kind) => {
    const { times, changes, clock } = rig();
    await times(20, failingWith(Code.UNAVAILABLE), kind);
    clock.advance(1_000);
    // They open, but nothing comes.
    await times(5, async (call) => replyTo(call, [], new RpcError(Code.UNAVAILABLE, 'broke')), kind);
    expect(changes.map((change) => change.split(' ')[1])).toEqual(['open', 'halfOpen', 'open']);
  });

  it('takes the opening of a long-lived stream for its answer: it may have nothing to say for long', async () => {
    const { interceptor, times, changes, clock } = rig();
    await times(20, failingWith(Code.UNAVAILABLE));
    clock.advance(1_000);
    for (let count = 0; count < 6; count++) {
      const { call } = testCall({ side: 'client', kind: 'serverStream', policy: { longLived: true } });
      await interceptor(call, hanging);
    }
    expect(changes.at(-1)).toContain('closed');
  });

  it('shows the state of each circuit', async () => {
    const { observe, times, clock } = rig();
    const shown = () => observe().map(({ value }) => value);
    expect(shown()).toEqual([]);
    await times(1, answering('fine'));
    expect(observe()).toEqual([
      {
        name: 'millrace.client.circuit.state',
        value: 0,
        attributes: { 'rpc.method': 'shop.order.v1.OrderService/GetOrder' },
      },
    ]);
    await times(20, failingWith(Code.UNAVAILABLE));
    expect(shown()).toEqual([2]);
    clock.advance(1_000);
    await times(1, answering('fine'));
    expect(shown()).toEqual([1]);
  });

  it('tells the span that a call was held back', async () => {
    const { spans } = fakeTelemetry();
    const { run, times } = rig();
    await times(20, failingWith(Code.UNAVAILABLE));
    const span = trace.getTracer('test').startSpan('calling');
    await context.with(trace.setSpan(context.active(), span), () => run(answering('fine')));
    expect(spans.at(-1)?.events).toEqual(['circuit open']);
  });
});
