import { beforeAll, describe, expect, it, test } from '@jest/globals';
import { context, trace } from '@opentelemetry/api';
import type { Criticality } from '@millrace/contracts';
import { Code, type RpcError } from '@millrace/rpc';
import { isRetryable } from './retry/is-retryable.ts';
import { failureOf, hanging } from './testing/answers.ts';
import { fakeTelemetry } from './testing/fake-telemetry.ts';
import { shedRig } from './testing/shed-rig.ts';
import { KINDS, testCall, type TestCallOptions } from './testing/test-call.ts';

const CRITICALITIES: readonly Criticality[] = ['sheddable', 'default', 'critical', 'essential'];

let spans: ReturnType<typeof fakeTelemetry>['spans'];
beforeAll(() => void ({ spans } = fakeTelemetry()));

describe('the refusal', () => {
  const refused = async (kind: TestCallOptions['kind'] = 'unary', criticality: Criticality = 'default') => {
    const { send, of, loop, records } = shedRig({ minimum: 1, initial: 1 });
    // Two that never end, and one in each queue.
    for (let count = 0; count < 2; count++) void of('critical', hanging);
    void of('default');
    void of('critical');
    loop.advance(10_000);
    const error = (await failureOf(send({ kind, policy: { criticality } }))) as RpcError;
    return { error, records };
  };

  test.each(KINDS)('of a %s call says that it was never begun and when to come back', async (kind) => {
    const { error } = await refused(kind);
    expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, reason: 'OVERLOADED', sent: 'refused' });
    expect(error.retryDelayMs).toBeGreaterThan(49);
    expect(error.retryDelayMs).toBeLessThan(151);
  });

  it('may be tried again, whatever the method does', async () => {
    const { error } = await refused();
    const { call } = testCall({ side: 'client', policy: { idempotency: 'unknown' } });
    expect(isRetryable(call, error)).toBe(true);
  });

  test.each(CRITICALITIES)('of a %s call is counted', async (criticality) => {
    const { records } = await refused('unary', criticality);
    expect(records).toEqual([
      {
        name: 'millrace.server.shed',
        value: 1,
        attributes: { 'rpc.method': 'shop.order.v1.OrderService/GetOrder', criticality, reason: 'limit' },
      },
    ]);
  });

  it('is an event of the span', async () => {
    const tracer = trace.getTracer('test');
    const span = tracer.startSpan('served');
    await context.with(trace.setSpan(context.active(), span), () => refused());
    expect(spans.at(-1)?.events).toEqual(['shed']);
  });
});
