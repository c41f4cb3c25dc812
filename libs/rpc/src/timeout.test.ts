import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTimeout, parseTimeout } from './timeout.ts';

test.each([
  [0.0001, '1u'],
  [0.0015, '2u'],
  [0.5, '500u'],
  [1, '1000u'],
  [99_999.9999, '100000m'],
  [100_000, '100000m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [1e15, '99999999S'],
  [-5, '1u'],
])('%d ms is %s', (timeoutMs, header) => {
  expect(formatTimeout(timeoutMs)).toBe(header);
});

test('what is written is read back, at most a thousandth longer', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 9e10, noNaN: true }), (timeoutMs) => {
      const back = parseTimeout(formatTimeout(timeoutMs)) ?? NaN;
      expect(back).toBeGreaterThanOrEqual(timeoutMs * (1 - 1e-12));
      expect(back).toBeLessThanOrEqual(Math.max(timeoutMs * 1.001, timeoutMs + 1));
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
