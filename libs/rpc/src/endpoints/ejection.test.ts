import { expect, test } from '@jest/globals';
import { Ejection } from './ejection.ts';

function failTimes(ejection: Ejection, times: number, nowMs: number): boolean[] {
  return Array.from({ length: times }, () => ejection.failed(nowMs));
}

test('five faults in a row, and it is left out for a second', () => {
  const ejection = new Ejection();
  expect(failTimes(ejection, 5, 0)).toEqual([false, false, false, false, true]);
  expect(ejection.mayTake(999)).toBe(false);
  expect(ejection.mayTake(1_000)).toBe(true);
});

test('a success between them, and it stays', () => {
  const ejection = new Ejection();
  failTimes(ejection, 4, 0);
  ejection.succeeded();
  failTimes(ejection, 4, 0);
  expect(ejection.isEjected).toBe(false);
});

test('then it gets one call to try with, and no other while that one is under way', () => {
  const ejection = new Ejection();
  failTimes(ejection, 5, 0);
  ejection.enter();
  expect(ejection.mayTake(1_000)).toBe(false);
  ejection.passed();
  expect(ejection.mayTake(1_000)).toBe(true);
});

test('a trial that succeeds brings it back for good', () => {
  const ejection = new Ejection();
  failTimes(ejection, 5, 0);
  ejection.enter();
  ejection.succeeded();
  expect(ejection.isEjected).toBe(false);
  expect(ejection.failed(2_000)).toBe(false);
});

test('a trial that fails leaves it out for twice as long, up to half a minute', () => {
  const ejection = new Ejection();
  let nowMs = 0;
  failTimes(ejection, 5, nowMs);
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    expect(ejection.mayTake(nowMs + waitMs - 1)).toBe(false);
    nowMs += waitMs;
    expect(ejection.mayTake(nowMs)).toBe(true);
    ejection.enter();
    expect(ejection.failed(nowMs)).toBe(true);
  }
});

test('calls that were under way when it was left out do not make it longer', () => {
  const ejection = new Ejection();
  failTimes(ejection, 5, 0);
  expect(failTimes(ejection, 10, 500)).not.toContain(true);
  expect(ejection.mayTake(1_000)).toBe(true);
});
