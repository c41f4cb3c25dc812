import { expect, test } from '@jest/globals';
import { Code, codeName, normalizeCode, RpcError } from './status.ts';

test('a code has its name', () => {
  expect(Object.entries(Code).map(([name, code]) => codeName(code) === name)).not.toContain(false);
});

test.each([undefined, null, NaN, -1, 17, 999, 1.5, '5', Infinity])('%p off the wire is UNKNOWN', (code) => {
  expect(normalizeCode(code)).toBe(Code.UNKNOWN);
});

test('an error says what is not said: its reason is the code, and it may have been sent', () => {
  const error = new RpcError(Code.NOT_FOUND, 'no such order');
  expect(error).toMatchObject({
    name: 'RpcError',
    reason: 'NOT_FOUND',
    sent: 'maybe',
    retried: false,
    details: [],
  });
  expect(error).not.toHaveProperty('cause');
});

test('a changed copy keeps the rest', () => {
  const cause = new Error('socket');
  const error = new RpcError(Code.UNAVAILABLE, 'gone', {
    reason: 'AWAY',
    sent: 'never',
    retryDelayMs: 5,
    cause,
  });
  const copy = error.with({ retried: true, message: 'still gone' });
  expect(copy).toMatchObject({ ...error, message: 'still gone', retried: true });
  expect(copy.cause).toBe(cause);
  expect(error.retried).toBe(false);
});
