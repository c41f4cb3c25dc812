import { describe, expect, it, test } from '@jest/globals';
import { Code, fieldViolations, RpcError } from '@millrace/rpc';
import { errors } from './errors.ts';
import { failureOf, readAll, replyTo } from './testing/answers.ts';
import { fakeLogger } from './testing/fake-logger.ts';
import { KINDS, testCall } from './testing/test-call.ts';

class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly reason: string;
  constructor(reason: string, extra: object = {}) {
    super(`because ${reason}`);
    this.reason = reason;
    Object.assign(this, extra);
  }
}

const table = {
  ORDER_NOT_FOUND: Code.NOT_FOUND,
  DATABASE_UNAVAILABLE: Code.UNAVAILABLE,
  QUOTE_NOT_ALLOWED: Code.PERMISSION_DENIED,
};

async function translate(thrown: unknown, kind: (typeof KINDS)[number] = 'unary') {
  const logger = fakeLogger();
  const { call } = testCall({ kind });
  const interceptor = errors({ logger, table });
  const error = await failureOf(readAll(interceptor(call, async () => replyTo(call, ['first'], thrown))));
  expect(error).toBeInstanceOf(RpcError);
  return { error: error as RpcError, lines: logger.lines };
}

describe('errors', () => {
  test.each(KINDS)('a %s call that throws a domain error fails as the table says', async (kind) => {
    const { error, lines } = await translate(new DomainError('ORDER_NOT_FOUND'), kind);
    expect(error).toMatchObject({
      code: Code.NOT_FOUND,
      reason: 'ORDER_NOT_FOUND',
      message: 'because ORDER_NOT_FOUND',
    });
    expect(lines).toHaveLength(0);
  });

  test.each(KINDS)('a %s call that throws anything else is INTERNAL with fixed text', async (kind) => {
    const secret = new Error('password=hunter2 at /srv/app');
    const { error, lines } = await translate(secret, kind);
    expect(error).toMatchObject({ code: Code.INTERNAL, reason: 'INTERNAL', message: 'internal error' });
    expect(lines).toEqual([
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ err: secret }) }),
    ]);
  });

  test.each(KINDS)('a reader of a %s call gets what came before the error', async (kind) => {
    const { call } = testCall({ kind });
    const reply = await errors({ logger: fakeLogger() })(call, async () => replyTo(call, ['a', 'b']));
    expect((await readAll(reply)).at(-1)).toBe('b');
  });

  it('names the fields of an error with violations', async () => {
    const violations = [{ field: 'lines[0].sku', description: 'no such product' }];
    const { error } = await translate(new DomainError('UNKNOWN_PRODUCT', { violations }));
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'UNKNOWN_PRODUCT' });
    expect(fieldViolations(error)).toMatchObject(violations);
  });

  it('takes the code of an error with violations from the table where it stands there', async () => {
    const violations = [{ field: 'lines[0].quoted_unit_price', description: 'not for customers' }];
    const { error } = await translate(new DomainError('QUOTE_NOT_ALLOWED', { violations }));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'QUOTE_NOT_ALLOWED' });
    expect(fieldViolations(error)).toMatchObject(violations);
  });

  it('says when to come back', async () => {
    const { error } = await translate(new DomainError('DATABASE_UNAVAILABLE', { retryDelayMs: 250 }));
    expect(error).toMatchObject({ code: Code.UNAVAILABLE, retryDelayMs: 250 });
  });

  test.each([
    ['a reason nobody declared', new DomainError('SECRET_STATE')],
    ['a reason out of the prototype', new DomainError('constructor')],
    ['a reason that is no text', Object.assign(new Error('x'), { reason: 7 })],
    ['an object that is no error', { reason: 'ORDER_NOT_FOUND' }],
    ['nothing', undefined],
    ['null', null],
  ])('is INTERNAL for %s', async (_name, thrown) => {
    const logger = fakeLogger();
    const { call } = testCall();
    const error = await failureOf(errors({ logger, table })(call, () => Promise.reject(thrown)));
    expect(error).toMatchObject({ code: Code.INTERNAL, message: 'internal error' });
    expect(logger.lines).toHaveLength(1);
  });

  it('leaves an RpcError as it is, and logs the cause of an internal one', async () => {
    const denied = new RpcError(Code.PERMISSION_DENIED, 'no');
    expect(await translate(denied)).toEqual({ error: denied, lines: [] });
    const broken = new RpcError(Code.INTERNAL, 'internal error', { cause: new Error('why') });
    const { error, lines } = await translate(broken);
    expect(error).toBe(broken);
    expect(lines).toHaveLength(1);
  });

  test.each(['WorkCancelled', 'AbortError'])('ends %s as the call was cancelled', async (name) => {
    const logger = fakeLogger();
    const { call, cancellation } = testCall();
    const why = new RpcError(Code.DEADLINE_EXCEEDED, 'too late');
    cancellation.cancel(why);
    const thrown = Object.assign(new Error('cancelled'), { name, reason: 'WORK_CANCELLED' });
    expect(await failureOf(errors({ logger })(call, () => Promise.reject(thrown)))).toBe(why);
    const { error } = await translate(thrown);
    expect(error.code).toBe(Code.CANCELLED);
    expect(logger.lines).toHaveLength(0);
  });
});
