import type { Interceptor } from '@millrace/rpc';
import { systemClock, type Clock } from '../clock.ts';
import { HEARTBEAT_KEY } from './heartbeat.ts';
import { ServedStream } from './served-stream.ts';

/** Options of {@link serverStreamTimes}. */
export interface ServerStreamTimesOptions {
  readonly clock?: Clock;
  /** From 0 to 1, for the jitter of the maximum age. Default Math.random. */
  readonly random?: () => number;
}

/** How much more or less than its maximum age a stream gets: those that were opened together shall not all come back at once. */
const JITTER = 0.1;

/**
 * Server side: ends streams that stand still or have become old. Their times stand in the proto.
 *
 * - The handler waits for a request for `idleMs`, and on a bidi stream no request is without an answer: DEADLINE_EXCEEDED, reason
 *   STREAM_IDLE.
 * - An answer waits for `idleMs` for a reader that takes none: RESOURCE_EXHAUSTED, reason SLOW_READER.
 * - A long-lived stream has reached its maximum age, a tenth more or less: UNAVAILABLE, reason MAX_AGE, with a retry delay of 0. Its
 *   client opens another, which may land on a newer server. What was sent before arrives before. A bidi stream's handler gets an end of its
 *   requests instead, as if the client had sent its last, and the status comes after its last answer: no request that was taken loses its
 *   answer, and the client sends those that have none again. It may take `idleMs` to get there.
 * - A long-lived stream whose client asked for it gets a heartbeat whenever the handler has sent nothing for `heartbeatMs`.
 *
 * One timer a stream, none where its deadline comes sooner than all that. Unary calls pass.
 */
export function serverStreamTimes(options: ServerStreamTimesOptions = {}): Interceptor {
  const { clock = systemClock, random = Math.random } = options;
  return (call, next) => {
    const { longLived, stream } = call.method.policy;
    if (call.kind === 'unary') return next(call);
    const nowMs = clock.now();
    if (!longLived && call.deadlineMs - nowMs <= stream.idleMs) return next(call);
    const ageMs = stream.maxAgeMs * (1 - JITTER + 2 * JITTER * random());
    const beats = longLived && call.metadata.get(HEARTBEAT_KEY) === '1';
    const oldAtMs = longLived ? nowMs + ageMs : Infinity;
    return new ServedStream(call, { oldAtMs, heartbeatMs: beats ? stream.heartbeatMs : Infinity }, clock).run(
      next,
    );
  };
}
