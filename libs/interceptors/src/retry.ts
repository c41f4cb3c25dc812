import { mergeMetadata, type Call, type Interceptor, type Next, type Reply } from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import { RETRY_KEY } from './retry-mark.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { replayable } from './retry/replayable.ts';
import { retrying, type RetryRules } from './retry/retrying.ts';

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Retries, not attempts. Default 2. */
  readonly maxRetries?: number;
  /** Shared by all calls that go through the interceptor. */
  readonly budget?: RetryBudget;
  readonly clock?: Clock;
}

async function attempt(call: Call, next: Next, rules: RetryRules): Promise<Reply> {
  const again = async (later: Call) => {
    const reply = await next(later);
    rules.budget.succeeded();
    return reply;
  };
  let reply: Reply;
  try {
    reply = await again(call);
  } catch (error) {
    // A call that goes well never gets here, and pays nothing for retries.
    reply = await retrying(call, { error, again }, rules);
  }
  return reply.kind === 'many' && !call.requests ? replayable(call, { reply, again }, rules) : reply;
}

/**
 * Client side: tries again what failed because the server was not there (UNAVAILABLE) or asked to come back later (ABORTED,
 * RESOURCE_EXHAUSTED with a delay), where the proto says that a call may run twice or where it provably never ran. At most two
 * retries, full jitter from 50 ms, the server's delay honoured, never past the deadline, all within one budget. One hop of a chain
 * retries: the one nearest the failure. Streams are tried again before their first message; calls with request streams never.
 */
export function retry(options: RetryOptions = {}): Interceptor {
  const { maxRetries = 2, budget = new RetryBudget(), clock = systemClock } = options;
  return (call, next) => {
    const metadata = call.context.isRetry
      ? mergeMetadata(call.metadata, { [RETRY_KEY]: '1' })
      : call.metadata;
    return attempt(call.with({ metadata }), next, { maxRetries, budget, clock });
  };
}
