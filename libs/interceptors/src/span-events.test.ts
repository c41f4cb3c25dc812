import { expect, test } from '@jest/globals';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { Code, RpcError, type Next } from '@millrace/rpc';
import { fallback } from './fallback.ts';
import { hedge } from './hedge.ts';
import { retry } from './retry.ts';
import { failing, readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeTelemetry } from './testing/fake-telemetry.ts';
import { testCall } from './testing/test-call.ts';

const { spans } = fakeTelemetry();

/** What is written on the span that is active when the work begins. */
async function eventsOf(work: () => Promise<unknown>): Promise<string[]> {
  const span = trace.getTracer('test').startSpan('call');
  await context.with(trace.setSpan(ROOT_CONTEXT, span), work);
  return spans.at(-1)?.events ?? [];
}

const { call } = testCall({
  side: 'client',
  policy: { hedge: { enabled: true, delayMs: 1 } },
});
const down = new RpcError(Code.UNAVAILABLE, 'down');

test('a retry, a hedge and a fallback are events of the span of their call', async () => {
  const slowAtFirst: Next = (one) =>
    one.attempt === 0 ? new Promise(() => undefined) : Promise.resolve(replyTo(one, ['fine']));
  const clock = new FakeClock();
  const hedged = async () => {
    const reply = hedge({ clock })(call, slowAtFirst);
    clock.advance(1);
    return readAll(reply);
  };
  expect(await eventsOf(() => readAll(retry()(call, failing(down))))).toEqual(['retry']);
  expect(await eventsOf(hedged)).toEqual(['hedge']);
  const fallbacks = { [call.method.path]: () => ({}) };
  expect(await eventsOf(() => fallback({ fallbacks })(call, failing(down)))).toEqual(['fallback']);
});
