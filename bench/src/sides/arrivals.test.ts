import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { arrive } from './arrivals.ts';

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
