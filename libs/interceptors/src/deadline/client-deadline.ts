import type { Interceptor } from '@millrace/rpc';
import { systemClock, type Clock } from '../clock.ts';
import { deadlineExceeded, withinDeadline, type Limits } from './within-deadline.ts';

/** Options of {@link clientDeadline}. */
export interface ClientDeadlineOptions {
  /** What is kept back of the time a served request has left, to answer it when this call fails. Default 5. */
  readonly reserveMs?: number;
  readonly clock?: Clock;
}

/** What limits an outbound call; points in time on one scale. */
export interface Limiting {
  readonly nowMs: number;
  /** The method's own time, a duration. */
  readonly policyMs: number;
  readonly longLived: boolean;
  /** What the caller of this call set, Infinity for nothing. */
  readonly askedMs: number;
  /** When the request that this call is made for must be answered, Infinity when there is none. */
  readonly parentMs: number;
  readonly reserveMs: number;
}

/** The earliest of all limits; of a long-lived stream the method's own time covers the opening only. */
export function clientLimits(limiting: Limiting): Limits {
  const { nowMs, policyMs, longLived, askedMs, parentMs, reserveMs } = limiting;
  const givenMs = Math.min(askedMs, parentMs - reserveMs);
  return longLived
    ? { deadlineMs: givenMs, openByMs: Math.min(givenMs, nowMs + policyMs) }
    : { deadlineMs: Math.min(givenMs, nowMs + policyMs), openByMs: Infinity };
}

/**
 * Gives every outbound call a deadline: the earliest of the method's own, the caller's, and what is left of the request it is
 * made for. A call that has no time left fails with DEADLINE_EXCEEDED and is never sent.
 */
export function clientDeadline({
  reserveMs = 5,
  clock = systemClock,
}: ClientDeadlineOptions = {}): Interceptor {
  return (call, next) => {
    const { deadlineMs: policyMs, longLived } = call.method.policy;
    const nowMs = clock.now();
    const limits = clientLimits({
      nowMs,
      policyMs,
      longLived,
      askedMs: call.deadlineMs,
      parentMs: call.context.deadlineMs,
      reserveMs,
    });
    if (limits.deadlineMs <= nowMs) {
      return Promise.reject(deadlineExceeded('no time is left to make the call', 'never'));
    }
    return withinDeadline(call.with({ deadlineMs: limits.deadlineMs }), next, { ...limits, clock });
  };
}
