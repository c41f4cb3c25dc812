import type { Interceptor } from '@millrace/rpc';
import { systemClock, type Clock } from '../clock.ts';
import { askForHeartbeats } from './heartbeat.ts';
import { ReadStream } from './read-stream.ts';

/** Options of {@link clientStreamTimes}. */
export interface ClientStreamTimesOptions {
  readonly clock?: Clock;
}

/**
 * Client side: breaks streams that are silent for too long while somebody waits for them. Their times stand in the proto.
 *
 * - No first message in time: DEADLINE_EXCEEDED, reason FIRST_MESSAGE_LATE.
 * - Long-lived streams ask their server for heartbeats, which nobody but this interceptor sees. From a server that promises some (in the
 *   headers of its reply), silence three heartbeats long is UNAVAILABLE, reason STREAM_SILENT: a new stream may do better.
 * - From any other server silence of `idleMs` is, on a bidi stream only while a request has no answer.
 *
 * The time in which nobody reads does not count. Calls that are answered by one message pass.
 */
export function clientStreamTimes({ clock = systemClock }: ClientStreamTimesOptions = {}): Interceptor {
  return (call, next) => {
    if (call.kind === 'unary' || call.kind === 'clientStream') return next(call);
    const { longLived, stream } = call.method.policy;
    // What its deadline ends sooner needs no watching.
    const soonestMs = Math.min(stream.firstMessageMs, stream.idleMs);
    if (!longLived && call.deadlineMs - clock.now() <= soonestMs) return next(call);
    const asking = longLived ? call.with({ metadata: askForHeartbeats(call.metadata) }) : call;
    return new ReadStream(asking, clock).run(next);
  };
}
