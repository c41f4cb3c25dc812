import { metrics, type Meter } from '@opentelemetry/api';
import { asRpcError, type Call, type Interceptor, type Next, type Reply } from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import { withFirstMessage } from './first-message.ts';
import { Latencies } from './hedge/latencies.ts';
import { Race } from './hedge/race.ts';
import { RetryBudget } from './retry/retry-budget.ts';

/** Options of {@link hedge}. */
export interface HedgeOptions {
  /** That of the client's retries: second attempts of both kinds come out of one budget. */
  readonly budget?: RetryBudget;
  readonly clock?: Clock;
  /** Default: the global one at the time the interceptor is made. */
  readonly meter?: Meter;
}

/** What is known about a method. */
interface Seen {
  readonly latencies: Latencies;
  /** Its server asked to be left alone until then. */
  pausedUntilMs: number;
}

/**
 * Reads that say so in their proto; only the first attempt, and only of who is no second attempt and may not get one: were every hop of a
 * chain to hedge, each would add its twentieth to all behind it.
 */
function mayHedge({ method, attempt, context }: Call): boolean {
  const { hedge: policy, idempotency, longLived } = method.policy;
  if (!policy.enabled || idempotency !== 'noSideEffects' || longLived) return false;
  if (attempt > 0 || context.isRetry || context.isHedged) return false;
  return method.kind === 'unary' || method.kind === 'serverStream';
}

/** One attempt, until its first message. A server that asks for a delay gets no hedges for so long. */
async function attempt(call: Call, { next, seen, clock }: { next: Next; seen: Seen; clock: Clock }) {
  try {
    const reply = await next(call);
    return reply.kind === 'one' ? reply : await withFirstMessage(reply);
  } catch (error) {
    const { retryDelayMs = 0 } = asRpcError(error);
    if (retryDelayMs > 0) seen.pausedUntilMs = clock.now() + retryDelayMs;
    throw error;
  }
}

/**
 * Client side: a read that takes longer than 19 of 20 is sent a second time, and the first good answer is taken; the other attempt is
 * cancelled. Only where the method's policy says so, after its delay or else the 95th percentile of its last 128 calls (at least 20).
 * One extra attempt at most, out of the budget of retries, marked as a retry for those behind, never past the deadline and
 * not while the server asks for a delay. A stream is answered by its first message. Counted as `millrace.client.hedges`, with `won`.
 */
export function hedge(options: HedgeOptions = {}): Interceptor {
  const { budget = new RetryBudget(), clock = systemClock } = options;
  const { meter = metrics.getMeter('@millrace/interceptors') } = options;
  const description = 'Second attempts beside slow ones';
  const rules = { budget, clock, counter: meter.createCounter('millrace.client.hedges', { description }) };
  const methods = new Map<string, Seen>();
  const seenOf = (path: string): Seen => {
    let seen = methods.get(path);
    if (!seen) methods.set(path, (seen = { latencies: new Latencies(), pausedUntilMs: -Infinity }));
    return seen;
  };
  const run = async (given: Call, next: Next): Promise<Reply> => {
    const call = given.with({ context: given.context.with({ isHedged: true }) });
    const seen = seenOf(call.method.path);
    const startMs = clock.now();
    // Timers count whole milliseconds, and cut what is beyond them off.
    const delayMs = Math.ceil(call.method.policy.hedge.delayMs || seen.latencies.p95);
    const paused = startMs < seen.pausedUntilMs;
    const behind: Next = (one) => attempt(one, { next, seen, clock });
    const reply = await (delayMs === Infinity || paused || startMs + delayMs >= call.deadlineMs
      ? behind(call)
      : new Race(call, behind, rules).run(delayMs));
    seen.latencies.record(clock.now() - startMs);
    return reply;
  };
  return (call, next) => (mayHedge(call) ? run(call, next) : next(call));
}
