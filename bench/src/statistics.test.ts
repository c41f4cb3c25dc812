import { expect, test } from '@jest/globals';
import { formatSpread, percentileOf, spreadOf } from './statistics.ts';

test.each([
  [[3, 1, 2], { median: 2, low: 1, high: 3 }],
  [[4, 1, 3, 2], { median: 2.5, low: 1, high: 4 }],
  [[10, 9], { median: 9.5, low: 9, high: 10 }],
  [[7], { median: 7, low: 7, high: 7 }],
])('the middle of %j lies between its least and its most', (samples, spread) => {
  expect(spreadOf(samples)).toEqual(spread);
});

test.each([
  [0, 1],
  [0.5, 5],
  [0.51, 6],
  [0.99, 10],
  [1, 10],
])('%d of ten samples do not exceed their percentile', (share, expected) => {
  expect(percentileOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], share)).toBe(expected);
});

test('nothing has no percentile', () => {
  expect(percentileOf([], 0.99)).toBeNaN();
});

test('a spread is written with its range', () => {
  expect(formatSpread({ median: 5_147.4, low: 4_980, high: 5_300 })).toBe('5,147 (4,980 to 5,300)');
  expect(formatSpread({ median: 1.234, low: 1, high: 2 }, 2)).toBe('1.23 (1.00 to 2.00)');
});
