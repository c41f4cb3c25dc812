import { afterEach, beforeEach, describe, expect, it, jest, test } from '@jest/globals';
import { arrive } from './arrivals.ts';

describe('by a timer', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('calls arrive as often as asked, whether or not anybody answers, and never before they are due', async () => {
    const due: number[] = [];
    const arrived = arrive({ perSecond: 1_000, durationMs: 9_000, warmUpMs: 1_000 }, (dueMs) => {
      expect(dueMs).toBeLessThanOrEqual(performance.now());
      due.push(dueMs);
    });
    await jest.advanceTimersByTimeAsync(10_010);
    await arrived;
    expect(due.length).toBeGreaterThan(9_500);
    expect(due.length).toBeLessThan(10_500);
    // As often shorter apart than the mean as a Poisson process has it: 63 of 100.
    const gaps = due.slice(1).map((at, index) => at - (due[index] ?? 0));
    const short = gaps.filter((gap) => gap < 1).length / gaps.length;
    expect(short).toBeGreaterThan(0.58);
    expect(short).toBeLessThan(0.68);
  });
});

test('35,000 calls a second arrive on the real clock, not only once in a millisecond', async () => {
  const lateMs: number[] = [];
  await arrive({ perSecond: 35_000, durationMs: 400, warmUpMs: 0, exact: true }, (dueMs) => {
    lateMs.push(performance.now() - dueMs);
  });
  // 14,000, give or take eight times their standard deviation.
  expect(Math.abs(lateMs.length - 14_000)).toBeLessThan(950);
  lateMs.sort((a, b) => a - b);
  expect(lateMs[0]).toBeGreaterThanOrEqual(0);
  // By a timer this would be a tenth of a millisecond and more; on a machine that others keep busy the rest may be later.
  expect(lateMs[Math.floor(lateMs.length / 10)]).toBeLessThan(0.05);
});
