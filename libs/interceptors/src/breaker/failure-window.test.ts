import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FailureWindow } from './failure-window.ts';

it('counts what happened within the window, to a slice', () => {
  const event = fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), failed: fc.boolean() });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const window = new FailureWindow(10_000);
      const log: { atMs: number; failed: boolean }[] = [];
      let nowMs = 0;
      for (const { afterMs, failed } of events) {
        nowMs += afterMs;
        window.add(failed, nowMs);
        log.push({ atMs: nowMs, failed });
        const { total, failures } = window.outcomes(nowMs);
        const since = (ms: number) => log.filter(({ atMs }) => nowMs - atMs < ms);
        expect(total).toBeLessThanOrEqual(since(10_000).length);
        expect(total).toBeGreaterThanOrEqual(since(9_000).length);
        expect(failures).toBeLessThanOrEqual(since(10_000).filter((one) => one.failed).length);
        expect(failures).toBeGreaterThanOrEqual(since(9_000).filter((one) => one.failed).length);
      }
    }),
  );
});
