import { describe, expect, it, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import fc from 'fast-check';
import { answering, failureOf, hanging, readAll } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { KINDS, testCall } from '../testing/test-call.ts';
import { serverDeadline, serverTimeMs } from './server-deadline.ts';

const POLICY = { deadlineMs: 2_000 };

describe('the server deadline', () => {
  test.each(KINDS)('a %s call without a deadline gets its method’s own', async (kind) => {
    const clock = new FakeClock();
    const next = answering('fine');
    const { call, cancellation } = testCall({ kind, policy: POLICY });
    await readAll(serverDeadline({ clock })(call, next));
    expect(next.calls[0]).toMatchObject({ deadlineMs: 3_000, context: { deadlineMs: 3_000 } });
    expect(clock.running).toBe(0);
    expect(cancellation.listenerCount).toBe(0);
  });

  test.each(KINDS)('a %s call that hangs ends at its deadline, and its work is told', async (kind) => {
    const clock = new FakeClock();
    const { call } = testCall({ kind, policy: POLICY });
    const reply = failureOf(readAll(serverDeadline({ clock })(call, hanging)));
    // Streams begin before they hang.
    await Promise.resolve();
    clock.advance(1_999);
    expect(call.cancelled).toBeUndefined();
    clock.advance(1);
    expect(await reply).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(call.cancelled).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(call.signal.aborted).toBe(true);
    expect(clock.running).toBe(0);
  });

  test.each(KINDS)('a %s call ends at once when its caller leaves, even if it hangs', async (kind) => {
    const clock = new FakeClock();
    const { call, cancellation } = testCall({ kind, policy: POLICY });
    const reply = failureOf(readAll(serverDeadline({ clock })(call, hanging)));
    await Promise.resolve();
    cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
    expect(await reply).toMatchObject({ code: Code.CANCELLED });
    expect(clock.running).toBe(0);
    expect(cancellation.listenerCount).toBe(0);
  });

  test.each(KINDS)('a %s call with no time left is refused before any work', async (kind) => {
    const clock = new FakeClock();
    const next = answering('fine');
    const { call } = testCall({ kind, policy: POLICY, deadlineMs: clock.now() + 1 });
    const error = await failureOf(serverDeadline({ clock })(call, next));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'refused' });
    expect(next.calls).toHaveLength(0);
  });

  it('clamps what is asked to the larger of the method’s own and the maximum', async () => {
    const clock = new FakeClock();
    const next = answering('fine');
    const ask = (maxMs: number | undefined, askedMs: number) =>
      serverDeadline({ clock, ...(maxMs !== undefined && { maxMs }) })(
        testCall({ policy: POLICY, deadlineMs: clock.now() + askedMs }).call,
        next,
      );
    await ask(undefined, 600 * 3_600_000);
    await ask(5_000, 600 * 3_600_000);
    await ask(5_000, 700);
    await ask(100, 1_500);
    expect(next.calls.map(({ deadlineMs }) => deadlineMs - clock.now())).toEqual([2_000, 5_000, 700, 1_500]);
  });

  it('leaves no timer and no listener behind a long stream that its reader leaves', async () => {
    const clock = new FakeClock();
    const { call, cancellation } = testCall({ kind: 'bidi', policy: POLICY });
    const next = answering(...Array.from({ length: 1_000 }, (_one, index) => index));
    const reply = await serverDeadline({ clock })(call, next);
    if (reply.kind === 'many') for await (const index of reply.messages) if (index === 900) break;
    expect(clock.running).toBe(0);
    expect(cancellation.listenerCount).toBe(0);
  });

  it('leaves a long-lived stream the time its caller asked for, or all', async () => {
    const clock = new FakeClock();
    const next = answering('a', 'b');
    const policy = { ...POLICY, longLived: true };
    await readAll(serverDeadline({ clock })(testCall({ kind: 'serverStream', policy }).call, next));
    const { call } = testCall({ kind: 'bidi', policy, deadlineMs: clock.now() + 60_000 });
    await readAll(serverDeadline({ clock })(call, next));
    expect(next.calls.map(({ deadlineMs }) => deadlineMs)).toEqual([Infinity, clock.now() + 60_000]);
    expect(clock.running).toBe(0);
  });

  it('never gives more than was asked, nor more than the server allows', () => {
    const ms = fc.double({ min: 0, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(ms, fc.constant(Infinity)), ms, ms, (leftMs, policyMs, maxMs) => {
        const given = serverTimeMs({ leftMs, policyMs, maxMs });
        expect(given).toBeLessThanOrEqual(leftMs);
        expect(given).toBeLessThanOrEqual(Math.max(policyMs, maxMs));
        if (leftMs < Math.min(policyMs, maxMs)) expect(given).toBe(leftMs);
      }),
    );
  });
});
