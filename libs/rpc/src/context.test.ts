import { expect, test } from '@jest/globals';
import { Cancellation } from './cancellation.ts';
import { Context, currentContext, runInContext } from './context.ts';
import { Code, RpcError } from './status.ts';

const PRINCIPAL = { subject: 'me', tenant: 'default', roles: ['customer'] };
const TRACE = { traceId: '0'.repeat(31) + '1', spanId: '0'.repeat(15) + '1', traceFlags: 1 };
const WHY = new RpcError(Code.CANCELLED, 'enough');

test('outside of any request there is a context without limits', () => {
  expect(currentContext()).toMatchObject({ deadlineMs: Infinity, principal: undefined, isRetry: false });
  expect(currentContext().cancelled).toBeUndefined();
});

test('it follows what is awaited and what is called', async () => {
  const context = new Context({ principal: PRINCIPAL });
  const seen = await runInContext(context, async () => {
    await Promise.resolve();
    return runInContext(context.with({ isRetry: true }), () => [
      currentContext().isRetry,
      currentContext().principal,
    ]);
  });
  expect(seen).toEqual([true, PRINCIPAL]);
  expect(currentContext().principal).toBeUndefined();
});

test('a copy is cancelled together with its origin, unless it has a cancellation of its own', () => {
  const cancellation = new Cancellation();
  const context = new Context({}, cancellation);
  const copy = context.with({ isRetry: true });
  const apart = context.with({}, new Cancellation());
  cancellation.cancel(WHY);
  expect([copy.cancelled, copy.signal.reason, apart.cancelled]).toEqual([WHY, WHY, undefined]);
});

test('what is detached keeps who and why, and loses every limit', () => {
  const cancellation = new Cancellation();
  const context = new Context(
    { deadlineMs: 5, principal: PRINCIPAL, trace: TRACE, criticality: 'critical', isRetry: true },
    cancellation,
  );
  cancellation.cancel(WHY);
  const detached = context.detach();
  expect(detached).toMatchObject({ principal: PRINCIPAL, trace: TRACE, criticality: 'critical' });
  expect(detached).toMatchObject({ deadlineMs: Infinity, isRetry: false });
  expect(detached.cancelled).toBeUndefined();
});
