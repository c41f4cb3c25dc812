import { describe, expect, it, test } from '@jest/globals';
import { Code } from '@millrace/rpc';
import fc from 'fast-check';
import { answering, failureOf, hanging, readAll } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { KINDS, testCall } from '../testing/test-call.ts';
import { clientDeadline, clientLimits } from './client-deadline.ts';

const POLICY = { deadlineMs: 2_000 };
const side = 'client';

describe('the client deadline', () => {
  test.each(KINDS)('a %s call gets the earliest of all limits', async (kind) => {
    const clock = new FakeClock();
    const next = answering('fine');
    const call = (askedMs: number, parentMs: number) =>
      readAll(
        clientDeadline({ clock })(
          testCall({
            side,
            kind,
            policy: POLICY,
            deadlineMs: clock.now() + askedMs,
            context: { deadlineMs: clock.now() + parentMs },
          }).call,
          next,
        ),
      );
    await call(Infinity, Infinity);
    await call(800, Infinity);
    await call(9_000, 505);
    expect(next.calls.map(({ deadlineMs }) => deadlineMs - clock.now())).toEqual([2_000, 800, 500]);
    expect(clock.running).toBe(0);
  });

  test.each(KINDS)('a %s call that gets no answer ends at its deadline', async (kind) => {
    const clock = new FakeClock();
    const { call } = testCall({ side, kind, policy: POLICY });
    const reply = failureOf(readAll(clientDeadline({ clock })(call, hanging)));
    await Promise.resolve();
    clock.advance(2_000);
    expect(await reply).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(call.cancelled).toBeDefined();
    expect(clock.running).toBe(0);
  });

  test.each(KINDS)('a %s call for a request that is out of time is never sent', async (kind) => {
    const clock = new FakeClock();
    const next = answering('fine');
    const { call } = testCall({ side, kind, policy: POLICY, context: { deadlineMs: clock.now() + 5 } });
    const error = await failureOf(clientDeadline({ clock })(call, next));
    expect(error).toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'never' });
    expect(next.calls).toHaveLength(0);
  });

  it('limits only the opening of a long-lived stream', async () => {
    const clock = new FakeClock();
    const policy = { ...POLICY, longLived: true };
    const { call } = testCall({ side, kind: 'serverStream', policy });
    const next = answering('a', 'b');
    const reply = await clientDeadline({ clock })(call, next);
    expect(next.calls[0]?.deadlineMs).toBe(Infinity);
    expect(clock.running).toBe(0);
    clock.advance(60_000);
    expect(await readAll(reply)).toEqual(['a', 'b']);
  });

  it('ends a long-lived stream that does not open', async () => {
    const clock = new FakeClock();
    const { call } = testCall({ side, kind: 'serverStream', policy: { ...POLICY, longLived: true } });
    const reply = failureOf(clientDeadline({ clock })(call, () => new Promise(() => undefined)));
    clock.advance(2_000);
    expect(await reply).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  });

  it('ends a long-lived stream when the time its caller gave is over', async () => {
    const clock = new FakeClock();
    const policy = { ...POLICY, longLived: true };
    const { call } = testCall({ side, kind: 'bidi', policy, deadlineMs: clock.now() + 30_000 });
    const reply = await clientDeadline({ clock })(call, hanging);
    expect(clock.running).toBe(1);
    const read = failureOf(readAll(reply));
    clock.advance(30_000);
    expect(await read).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(clock.running).toBe(0);
  });

  it('never outlives its parent, its caller’s patience or, unless long-lived, its method’s time', () => {
    const ms = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constant(Infinity));
    const given = fc.record({
      nowMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      policyMs: fc.integer({ min: 1, max: 60_000 }),
      longLived: fc.boolean(),
      askedMs: ms,
      parentMs: ms,
      reserveMs: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(given, (one) => {
        const { deadlineMs, openByMs } = clientLimits(one);
        expect(deadlineMs).toBeLessThanOrEqual(one.askedMs);
        expect(deadlineMs).toBeLessThanOrEqual(one.parentMs - one.reserveMs);
        expect(Math.min(deadlineMs, openByMs)).toBeLessThanOrEqual(one.nowMs + one.policyMs);
        if (!one.longLived) expect(deadlineMs).toBeLessThanOrEqual(one.nowMs + one.policyMs);
      }),
    );
  });
});
