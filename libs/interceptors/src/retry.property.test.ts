import { expect, test } from '@jest/globals';
import { Code, RpcError, type Next, type RpcErrorInit } from '@millrace/rpc';
import fc from 'fast-check';
import type { Clock } from './clock.ts';
import { retry } from './retry.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { readAll, replyTo } from './testing/answers.ts';
import { KINDS, testCall } from './testing/test-call.ts';

/** Waits for nothing. */
const clock: Clock = {
  now: () => 0,
  after: (_ms, callback) => {
    queueMicrotask(callback);
    return () => undefined;
  },
};

const init: fc.Arbitrary<RpcErrorInit> = fc.record({
  sent: fc.constantFrom('never', 'maybe', 'refused'),
  retryDelayMs: fc.option(fc.double({ max: 1e6 }), { nil: undefined }),
  retried: fc.boolean(),
});
/** How one attempt ends: well, before its first message, or (a stream) at it. */
const attempt = fc.record({
  error: fc.option(
    fc
      .tuple(fc.constantFrom(...Object.values(Code)), init)
      .map(([code, rest]) => new RpcError(code, 'no', rest)),
  ),
  opens: fc.boolean(),
});
const history = fc.array(
  fc.record({
    kind: fc.constantFrom(...KINDS),
    idempotency: fc.constantFrom('unknown', 'idempotent', 'noSideEffects'),
    maxRetries: fc.nat({ max: 5 }),
    isRetry: fc.boolean(),
    attempts: fc.array(attempt, { maxLength: 6 }),
  }),
  { maxLength: 80 },
);

test('whatever happens, attempts stay within the policy of each call and the budget of all', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (calls) => {
      const interceptor = retry({ clock, budget: new RetryBudget({ capacity: 10 }) });
      let [again, successes] = [0, 0];
      for (const { kind, idempotency, maxRetries, isRetry, attempts } of calls) {
        const policy = { idempotency, retry: { maxRetries } } as const;
        const { call, cancellation } = testCall({ side: 'client', kind, policy, context: { isRetry } });
        let made = 0;
        const next: Next = async (one) => {
          expect(one.attempt).toBe(made);
          const { error, opens } = attempts[made++] ?? { error: null, opens: true };
          if (error && !opens) throw error;
          return replyTo(one, error ? [] : ['fine'], error ?? undefined);
        };
        const ended = await readAll(interceptor(call, next)).then(
          () => 'well',
          (error: unknown) => error,
        );
        if (ended === 'well') successes++;
        again += made - 1;
        expect(made).toBeLessThanOrEqual(1 + (call.requests || isRetry ? 0 : maxRetries));
        expect(again).toBeLessThanOrEqual(10 + successes * 0.1 + 1e-6);
        expect(cancellation.listenerCount).toBe(0);
      }
    }),
  );
});
