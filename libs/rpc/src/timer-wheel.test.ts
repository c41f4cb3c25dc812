import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { TICK_MS, TimerWheel } from './timer-wheel.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const DAY_MS = 86_400_000;

test('a timer rings once, not before its time and at most a tick late', () => {
  const ring = jest.fn();
  new TimerWheel().at(performance.now() + 101, ring);
  jest.advanceTimersByTime(100);
  expect(ring).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1 + TICK_MS);
  jest.advanceTimersByTime(1_000);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('a time that has passed rings in a later turn', () => {
  const ring = jest.fn();
  new TimerWheel().at(performance.now() - 5, ring);
  expect(ring).not.toHaveBeenCalled();
  jest.advanceTimersByTime(TICK_MS);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('one that was stopped does not ring, and stopping it twice is stopping it once', () => {
  const wheel = new TimerWheel();
  const ring = jest.fn();
  const [first, second] = [wheel.at(performance.now() + 50, ring), wheel.at(performance.now() + 50, ring)];
  first.stop();
  first.stop();
  expect(wheel.size).toBe(1);
  second.stop();
  jest.advanceTimersByTime(100);
  expect([wheel.size, ring.mock.calls.length, jest.getTimerCount()]).toEqual([0, 0, 0]);
});

test('a timer for Infinity is none', () => {
  const wheel = new TimerWheel();
  wheel.at(Infinity, () => undefined).stop();
  expect([wheel.size, jest.getTimerCount()]).toEqual([0, 0]);
});

test('times beyond the longest timer and beyond the wheel are waited for', () => {
  const rung: number[] = [];
  const wheel = new TimerWheel();
  for (const days of [10, 40, 70, 140]) wheel.at(performance.now() + days * DAY_MS, () => rung.push(days));
  jest.advanceTimersByTime(69 * DAY_MS);
  expect(rung).toEqual([10, 40]);
  jest.advanceTimersByTime(72 * DAY_MS);
  expect([rung, wheel.size]).toEqual([[10, 40, 70, 140], 0]);
});

test('10,000 timers of any length are one of Node’s, and none when they are stopped', () => {
  const wheel = new TimerWheel();
  const ring = jest.fn();
  const timers = Array.from({ length: 10_000 }, (_, index) => wheel.at(performance.now() + index ** 2, ring));
  expect([wheel.size, jest.getTimerCount()]).toEqual([10_000, 1]);
  for (const timer of timers) timer.stop();
  expect(wheel.size).toBe(0);
  jest.advanceTimersByTime(1_000);
  expect([ring.mock.calls.length, jest.getTimerCount()]).toEqual([0, 0]);
});

test('one that throws keeps no other from ringing', () => {
  const failures: unknown[] = [];
  const queue = jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((task) => {
    try {
      task();
    } catch (error) {
      failures.push(error);
    }
  });
  const wheel = new TimerWheel();
  const ring = jest.fn();
  const wrong = new Error('wrong');
  wheel.at(performance.now() + 10, () => {
    throw wrong;
  });
  wheel.at(performance.now() + 10, ring);
  jest.advanceTimersByTime(20);
  queue.mockRestore();
  expect([ring.mock.calls.length, failures]).toEqual([1, [wrong]]);
});

test('whatever is set, stopped and waited for: each rings once and in its time, or was stopped', () => {
  const lengths = fc.oneof(fc.integer({ min: -10, max: 300 }), fc.integer({ min: 0, max: 5_000_000 }));
  const steps = fc.array(
    fc.oneof(
      fc.record({ set: lengths, stop: fc.boolean() }),
      fc.record({ wait: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 2_000_000 })) }),
    ),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const wheel = new TimerWheel();
      let running = 0;
      for (const step of all) {
        if ('wait' in step) jest.advanceTimersByTime(step.wait);
        else {
          const setMs = performance.now();
          const atMs = Math.max(setMs, setMs + step.set);
          running += 1;
          const timer = wheel.at(setMs + step.set, () => {
            running -= 1;
            expect(performance.now()).toBeGreaterThanOrEqual(atMs);
            expect(performance.now()).toBeLessThanOrEqual(atMs + TICK_MS + 1);
          });
          if (step.stop) {
            timer.stop();
            running -= 1;
          }
        }
        expect(wheel.size).toBe(running);
      }
      jest.advanceTimersByTime(6_000_000);
      expect([running, wheel.size]).toEqual([0, 0]);
    }),
    { numRuns: 200 },
  );
});
