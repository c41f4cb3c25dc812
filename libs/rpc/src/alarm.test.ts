import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Alarm } from './alarm.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const DAY_MS = 86_400_000;

test('it rings once, at its time', () => {
  const ring = jest.fn();
  new Alarm(performance.now() + 100, ring);
  jest.advanceTimersByTime(99);
  expect(ring).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  jest.advanceTimersByTime(1_000);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('a time that has passed rings in the next turn', () => {
  const ring = jest.fn();
  new Alarm(performance.now() - 5, ring);
  expect(ring).not.toHaveBeenCalled();
  jest.advanceTimersByTime(1);
  expect(ring).toHaveBeenCalledTimes(1);
});

test('one that was stopped does not ring, and one for Infinity holds no timer', () => {
  const ring = jest.fn();
  new Alarm(performance.now() + 100, ring).stop();
  new Alarm(Infinity, ring).stop();
  new Alarm(Infinity, ring);
  expect(jest.getTimerCount()).toBe(0);
});

test('times beyond the longest timer are waited for all the same', () => {
  const ring = jest.fn();
  new Alarm(performance.now() + 40 * DAY_MS, ring);
  jest.advanceTimersByTime(39 * DAY_MS);
  expect(ring).not.toHaveBeenCalled();
  jest.advanceTimersByTime(DAY_MS);
  expect(ring).toHaveBeenCalledTimes(1);
});
