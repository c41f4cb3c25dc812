import { describe, expect, it, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { logging } from './logging.ts';
import { answering, failureOf, readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeLogger } from './testing/fake-logger.ts';
import { KINDS, testCall } from './testing/test-call.ts';

const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };

function rig(slowMs = 1_000) {
  const logger = fakeLogger();
  const clock = new FakeClock();
  return { lines: logger.lines, clock, interceptor: logging({ logger, service: 'order', slowMs, clock }) };
}

describe('logging', () => {
  test.each(KINDS)('a %s call that fails leaves one line that names all but the request', async (kind) => {
    const { lines, clock, interceptor } = rig();
    const secret = 'canary-4711';
    const { call } = testCall({
      kind,
      request: { secret },
      metadata: { authorization: secret },
      context: { trace },
      peer: '10.0.0.9:41234',
    });
    await failureOf(
      readAll(
        interceptor(call, async (inner) => {
          inner.with({}).caller = { subject: 'alice', tenant: 't', roles: [] };
          clock.advance(12.345);
          return replyTo(inner, [{ secret }], new RpcError(Code.NOT_FOUND, secret, { reason: 'NO_ORDER' }));
        }),
      ),
    );
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'call failed',
        fields: {
          server: 'order',
          method: '/shop.order.v1.OrderService/GetOrder',
          code: 'NOT_FOUND',
          reason: 'NO_ORDER',
          durationMs: 12.35,
          peer: '10.0.0.9:41234',
          subject: 'alice',
          traceId: trace.traceId,
        },
      },
    ]);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  test.each(KINDS)('a %s call that goes well is a line at debug', async (kind) => {
    const { lines, interceptor } = rig();
    await readAll(interceptor(testCall({ kind }).call, answering('fine')));
    expect(lines).toMatchObject([{ level: 'debug', message: 'call done', fields: { code: 'OK' } }]);
  });

  test.each([
    [Code.INTERNAL, 'error'],
    [Code.UNKNOWN, 'error'],
    [Code.UNAVAILABLE, 'warn'],
    [Code.DEADLINE_EXCEEDED, 'warn'],
    [Code.INVALID_ARGUMENT, 'info'],
    [Code.CANCELLED, 'info'],
  ])('status %s is logged at %s', async (code, level) => {
    const { lines, interceptor } = rig();
    await failureOf(interceptor(testCall().call, () => Promise.reject(new RpcError(code, 'no'))));
    expect(lines).toMatchObject([{ level }]);
  });

  it('warns of a slow call, but not of a long watch', async () => {
    const { lines, clock, interceptor } = rig(100);
    const slow = async (longLived: boolean) =>
      readAll(
        interceptor(testCall({ kind: 'serverStream', policy: { longLived } }).call, async (call) => {
          clock.advance(100);
          return replyTo(call, ['a']);
        }),
      );
    await slow(false);
    await slow(true);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'call was slow'],
      ['debug', 'call done'],
    ]);
  });

  it('without debug leaves a line at info for one call in so many', async () => {
    const { lines, ...logger } = fakeLogger();
    const quiet = { ...logger, isLevelEnabled: () => false };
    const interceptor = logging({ logger: quiet, service: 'order', sampleSuccess: 0.25 });
    for (let count = 0; count < 8; count++) await interceptor(testCall().call, answering('fine'));
    expect(lines).toMatchObject([
      { level: 'info', message: 'call done', fields: { code: 'OK' } },
      { level: 'info', message: 'call done', fields: { code: 'OK' } },
    ]);
  });

  it('leaves lines for a sample of the calls that were refused for overload', async () => {
    const { lines, ...logger } = fakeLogger();
    const interceptor = logging({ logger, service: 'order', sampleSuccess: 0.25 });
    const refused = new RpcError(Code.RESOURCE_EXHAUSTED, 'no', { reason: 'OVERLOADED' });
    for (let count = 0; count < 8; count++) {
      await failureOf(interceptor(testCall().call, () => Promise.reject(refused)));
    }
    expect(lines).toHaveLength(2);
  });
});
