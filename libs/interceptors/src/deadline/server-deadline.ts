import type { Interceptor } from '@millrace/rpc';
import { systemClock, type Clock } from '../clock.ts';
import { deadlineExceeded, withinDeadline } from './within-deadline.ts';

/** Options of {@link serverDeadline}. */
export interface ServerDeadlineOptions {
  /** The most a caller can ask for, where it is more than the method's own deadline. Default: the method's own. */
  readonly maxMs?: number;
  /** A call with less time left is refused before any work. Default 2. */
  readonly minimumMs?: number;
  readonly clock?: Clock;
}

/** The time a server gives a call: what was asked, at most the larger of the method's deadline and `maxMs`. */
export function serverTimeMs(asked: { leftMs: number; policyMs: number; maxMs: number }): number {
  const { leftMs, policyMs, maxMs } = asked;
  return leftMs === Infinity ? policyMs : Math.min(leftMs, Math.max(policyMs, maxMs));
}

/**
 * Gives each call the time its caller asked for, clamped, or its method's own where the caller asked for none. Refuses with
 * DEADLINE_EXCEEDED what cannot finish any more. Outbound calls made for the call see its deadline in their context.
 *
 * A long-lived stream has no limit but the one its caller asked for.
 */
export function serverDeadline(options: ServerDeadlineOptions = {}): Interceptor {
  const { maxMs = 0, minimumMs = 2, clock = systemClock } = options;
  return (call, next) => {
    const { deadlineMs: policyMs, longLived } = call.method.policy;
    const now = clock.now();
    const leftMs = call.deadlineMs - now;
    if (leftMs < minimumMs) {
      return Promise.reject(deadlineExceeded('no time is left to serve the call', 'refused'));
    }
    const deadlineMs = longLived ? call.deadlineMs : now + serverTimeMs({ leftMs, policyMs, maxMs });
    const limited = call.with({ deadlineMs, context: call.context.with({ deadlineMs }) });
    return withinDeadline(limited, next, { deadlineMs, openByMs: Infinity, clock });
  };
}
