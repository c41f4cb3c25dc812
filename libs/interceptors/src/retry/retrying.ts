import { DelegateBackoff, ExponentialBackoff, fullJitterGenerator, handleWhen, retry } from 'cockatiel';
import { trace } from '@opentelemetry/api';
import { asRpcError, mergeMetadata, RpcError, type Call } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import { RETRY_KEY } from '../retry-mark.ts';
import { isRetryable } from './is-retryable.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What retries go by. */
export interface RetryRules {
  readonly maxRetries: number;
  readonly budget: RetryBudget;
  readonly clock: Clock;
}

const JITTER = new ExponentialBackoff({ generator: fullJitterGenerator, initialDelay: 50, maxDelay: 1_000 });

function nextAttempt(call: Call, retries: number): Call {
  const attempt = call.attempt + retries;
  return call.with({ attempt, metadata: mergeMetadata(call.metadata, { [RETRY_KEY]: '1' }) });
}

/**
 * Goes on with a call whose first attempt has failed, until one succeeds or none may follow. cockatiel keeps the loop, the count
 * and the jittered backoff; what may be tried, when there is budget and time, is decided here. An error that was, or but for the budget would
 * have been, tried again is marked `retried`, so that nobody upstream starts over.
 */
export async function retrying<T>(
  call: Call,
  first: { error: unknown; again: (call: Call) => Promise<T> },
  { maxRetries, budget, clock }: RetryRules,
): Promise<T> {
  let retries = 0;
  let delayMs = 0;
  let backoff = JITTER.next();
  const decide = (error: RpcError): boolean => {
    if (!isRetryable(call, error) || retries >= maxRetries) return false;
    delayMs = Math.max(backoff.duration, error.retryDelayMs ?? 0);
    if (clock.now() + delayMs >= call.deadlineMs || !budget.take()) return false;
    backoff = backoff.next(undefined);
    retries++;
    trace
      .getActiveSpan()
      ?.addEvent('retry', { attempt: call.attempt + retries, delayMs, reason: error.reason });
    return true;
  };
  const policy = retry(
    handleWhen((error) => decide(asRpcError(error))),
    { maxAttempts: maxRetries, backoff: new DelegateBackoff(() => delayMs) },
  ).dangerouslyUnref();
  try {
    return await policy.execute(async ({ attempt }) => {
      if (attempt === 0) throw first.error;
      if (call.cancelled) throw call.cancelled;
      return first.again(nextAttempt(call, attempt));
    });
  } catch (error) {
    throw error instanceof RpcError && isRetryable(call, error) ? error.with({ retried: true }) : error;
  }
}
