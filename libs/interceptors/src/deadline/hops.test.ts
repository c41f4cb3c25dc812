import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clientLimits } from './client-deadline.ts';
import { serverTimeMs } from './server-deadline.ts';

const RESERVE_MS = 5;
const policyMs = fc.integer({ min: 1, max: 60_000 });
const hop = fc.record({
  clientMs: policyMs,
  serverMs: policyMs,
  maxMs: fc.integer({ min: 0, max: 120_000 }),
  /** How long the handler works before it calls on. */
  workMs: fc.double({ min: 0, max: 500, noNaN: true }),
});

test('over any number of hops what is left shrinks by the reserve and the work, and no hop gives more than it has', () => {
  const start = fc.record({ nowMs: fc.double({ min: 0, max: 1e9, noNaN: true }), hops: fc.array(hop) });
  fc.assert(
    fc.property(start, ({ nowMs, hops }) => {
      let now = nowMs;
      let parentMs = Infinity;
      for (const { clientMs, serverMs, maxMs, workMs } of hops) {
        const { deadlineMs } = clientLimits({
          nowMs: now,
          policyMs: clientMs,
          longLived: false,
          askedMs: Infinity,
          parentMs,
          reserveMs: RESERVE_MS,
        });
        const leftMs = deadlineMs - now;
        // Sums of doubles come out differently in another order.
        expect(leftMs).toBeLessThanOrEqual(parentMs - now - RESERVE_MS + 1e-6);
        // Such a call is not made.
        if (leftMs <= 0) return;
        const givenMs = serverTimeMs({ leftMs, policyMs: serverMs, maxMs });
        expect(givenMs).toBeGreaterThan(0);
        expect(givenMs).toBeLessThanOrEqual(Math.min(leftMs, Math.max(serverMs, maxMs)));
        parentMs = now + givenMs;
        now += workMs;
      }
    }),
  );
});
