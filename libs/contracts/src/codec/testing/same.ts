import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';

/** Whether two values are equal to the last property and prototype, of which toEqual overlooks some. */
export function expectSame(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return;
  expect(actual).toEqual(expected);
  throw new Error('equal, but not of the same shape');
}
