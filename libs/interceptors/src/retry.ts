import { metrics, type Meter } from '@opentelemetry/api';
import { tapReply, type Interceptor, type Reply, type RpcError } from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import { Replayable } from './retry/replayable.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { Retrying } from './retry/retrying.ts';

/** Options of {@link retry}. */
export interface RetryOptions {
  /** Shared by all calls that go through the interceptor, and by their hedges. */
  readonly budget?: RetryBudget;
  readonly clock?: Clock;
  /** Default: the global one at the time the interceptor is made. */
  readonly meter?: Meter;
}

/** Gives back to the budget when the reply is complete. */
function counted(reply: Reply, budget: RetryBudget): Reply {
  const finished = (error: RpcError | undefined): void => {
    if (!error) budget.succeeded();
  };
  if (reply.kind === 'many') return tapReply(reply, { finished });
  finished(undefined);
  return reply;
}

/**
 * Client side: tries again what failed because the server was not there (UNAVAILABLE) or asked to come back later (ABORTED,
 * RESOURCE_EXHAUSTED with a delay), where the proto says that a call may run twice or where it provably never ran. As many retries as
 * the method's policy says (two), full jitter from 50 ms, the server's delay honoured, never past the deadline, all within one budget.
 * One hop of a chain retries: the one nearest the failure. Streams are tried again before their first message, those that live long
 * only until they are open: what they would have told meanwhile would be lost (see watch); calls with request streams never. Counted as `millrace.client.retries`.
 */
export function retry(options: RetryOptions = {}): Interceptor {
  const { budget = new RetryBudget(), clock = systemClock } = options;
  const { meter = metrics.getMeter('@millrace/interceptors') } = options;
  const counter = meter.createCounter('millrace.client.retries', {
    description: 'Second and third attempts',
  });
  const rules = { budget, clock, counter };
  return async (call, next) => {
    let retrying: Retrying | undefined;
    let reply: Reply;
    try {
      reply = await next(call);
    } catch (error) {
      // A call that goes well never gets here, and pays nothing for retries.
      retrying = new Retrying(call, rules);
      reply = await retrying.after(error, next);
    }
    if (reply.kind === 'many' && !call.requests && !call.method.policy.longLived) {
      return new Replayable(reply, { call, next, rules, retrying }).reply;
    }
    return counted(reply, budget);
  };
}
