import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTimeout, parseTimeout } from './timeout.ts';

test.each([
  [0.0001, '1u'],
  [0.0015, '1u'],
  [0.5, '500u'],
  [1, '1000u'],
  [99.9999, '99999u'],
  [1_999.7, '1999m'],
  [99_999.9999, '99999m'],
  [100_000, '100000m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [1e15, '99999999S'],
  [-5, '1u'],
])('%d ms is %s', (timeoutMs, header) => {
  expect(formatTimeout(timeoutMs)).toBe(header);
});

test('what is written is read back, never longer and at most a hundredth shorter', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 9e10, noNaN: true }), (timeoutMs) => {
      const back = parseTimeout(formatTimeout(timeoutMs)) ?? NaN;
      expect(back).toBeLessThanOrEqual(timeoutMs * (1 + 1e-12));
      expect(back).toBeGreaterThanOrEqual(timeoutMs * 0.99);
    }),
  );
});

test('nothing else is read', () => {
  fc.assert(
    fc.property(fc.string(), (header) => {
      fc.pre(!/^\d{1,8}[HMSmun]$/.test(header));
      expect(parseTimeout(header)).toBeUndefined();
    }),
  );
});
