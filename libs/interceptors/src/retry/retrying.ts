import { ExponentialBackoff, fullJitterGenerator } from 'cockatiel';
import { trace, type Counter } from '@opentelemetry/api';
import { asRpcError, type Call, type RpcError } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import { rpcAttributes } from '../rpc-attributes.ts';
import { isRetryable } from './is-retryable.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What retries go by, beside the method's policy. */
export interface RetryRules {
  readonly budget: RetryBudget;
  readonly clock: Clock;
  readonly counter: Counter;
}

const JITTER = new ExponentialBackoff({ generator: fullJitterGenerator, initialDelay: 50, maxDelay: 1_000 });

/** The call as a further attempt, which its server can tell. */
export function secondAttempt(call: Call, attempt: number): Call {
  return call.with({ attempt });
}

/** Waits, but not longer than anybody waits for the call. */
function wait(call: Call, delayMs: number, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(delayMs, () => {
      undo();
      resolve();
    });
    const undo = call.onCancel((why) => {
      stop();
      reject(why);
    });
  });
}

/**
 * Everything that follows the first failure of one call. The loop is our own, not cockatiel's: that one waits on when nobody waits for
 * the call any more, and knows neither a server's delay nor a budget. The jittered delays are cockatiel's.
 */
export class Retrying {
  readonly #call: Call;
  readonly #rules: RetryRules;
  #retries = 0;
  #backoff = JITTER.next();

  constructor(call: Call, rules: RetryRules) {
    this.#call = call;
    this.#rules = rules;
  }

  /**
   * Goes on after a failure until an attempt succeeds or none may follow. An error that was tried again, or would have been but for
   * the budget or the deadline, is marked `retried`, so that nobody upstream starts over.
   */
  async after<T>(failure: unknown, attempt: (call: Call) => Promise<T>): Promise<T> {
    for (let error = failure; ;) {
      const failed = asRpcError(error);
      const { maxRetries } = this.#call.method.policy.retry;
      if (maxRetries === 0 || !isRetryable(this.#call, failed)) throw error;
      if (this.#retries >= maxRetries || !(await this.#pause(failed))) throw failed.with({ retried: true });
      try {
        return await attempt(secondAttempt(this.#call, this.#call.attempt + this.#retries));
      } catch (again) {
        error = again;
      }
    }
  }

  /** False when there is no time or no budget for a further attempt. */
  async #pause({ retryDelayMs = 0, reason }: RpcError): Promise<boolean> {
    const { budget, clock, counter } = this.#rules;
    const delayMs = Math.max(this.#backoff.duration, retryDelayMs);
    if (clock.now() + delayMs >= this.#call.deadlineMs || !budget.take()) return false;
    this.#backoff = this.#backoff.next(undefined);
    this.#retries++;
    const attempt = this.#call.attempt + this.#retries;
    trace.getActiveSpan()?.addEvent('retry', { attempt, delayMs, reason });
    counter.add(1, rpcAttributes(this.#call.method));
    await wait(this.#call, delayMs, clock);
    return true;
  }
}
