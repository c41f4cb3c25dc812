import { Code, onFinished, RpcError, tap } from '@millrace/rpc';
import type { Call, MessageStream, Next, Reply } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import { createHeartbeat, promiseHeartbeats } from './heartbeat.ts';
import { Watchdog } from './watchdog.ts';

/** What differs from stream to stream of one method. */
export interface StreamTimes {
  /** Infinity: it never gets too old. */
  readonly oldAtMs: number;
  /** Infinity: without. */
  readonly heartbeatMs: number;
}

const idle = (): RpcError =>
  new RpcError(Code.DEADLINE_EXCEEDED, 'no request has come for long', { reason: 'STREAM_IDLE' });
const tooSlow = (): RpcError =>
  new RpcError(Code.RESOURCE_EXHAUSTED, 'the reader is too slow', { reason: 'SLOW_READER' });
const tooOld = (): RpcError =>
  new RpcError(Code.UNAVAILABLE, 'the stream is old, open another', { reason: 'MAX_AGE', retryDelayMs: 0 });

/** A stream as its server sees it, in either direction or both, from the call to its end. */
export class ServedStream {
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #times: StreamTimes;
  readonly #idleMs: number;
  readonly #watchdog: Watchdog;
  #requests: MessageStream | undefined;
  #answers: MessageStream | undefined;
  /** When the handler asked for a request. */
  #askedMs: number;
  /** When the handler, or a heartbeat, gave an answer. */
  #answeredMs: number;
  /** Requests without an answer. */
  #unanswered = 0;
  /** It is too old, and takes no more requests. */
  #isClosing = false;

  constructor(call: Call, times: StreamTimes, clock: Clock) {
    this.#call = call;
    this.#times = times;
    this.#clock = clock;
    this.#idleMs = call.method.policy.stream.idleMs;
    this.#askedMs = this.#answeredMs = clock.now();
    this.#watchdog = new Watchdog(clock, (nowMs) => this.#look(nowMs));
  }

  async run(next: Next): Promise<Reply> {
    const call = this.#watchRequests();
    this.#watchdog.watch();
    const stop = (): void => this.#watchdog.stop();
    // A handler may not care that its call was ended.
    const undo = call.onCancel(stop);
    const reply = await onFinished(next(call), () => {
      undo();
      stop();
    });
    return reply.kind === 'one' ? reply : this.#watchAnswers(reply);
  }

  #watchRequests(): Call {
    const { requests } = this.#call;
    if (!requests) return this.#call;
    this.#requests = tap(requests, {
      asked: () => void (this.#askedMs = this.#clock.now()),
      message: () => void this.#unanswered++,
      finished: () => void (this.#requests = undefined),
    });
    return this.#call.with({ requests: this.#requests });
  }

  #watchAnswers(reply: Extract<Reply, { kind: 'many' }>): Reply {
    const messages = tap(reply.messages, {
      message: () => {
        this.#answeredMs = this.#clock.now();
        this.#unanswered -= 1;
      },
      ending: (error) => error ?? (this.#isClosing ? tooOld() : undefined),
    });
    this.#answers = messages;
    this.#answeredMs = this.#clock.now();
    this.#watchdog.watch();
    const { heartbeatMs } = this.#times;
    const headers = heartbeatMs === Infinity ? reply.headers : promiseHeartbeats(reply.headers, heartbeatMs);
    return { ...reply, headers, messages };
  }

  #look(nowMs: number): number {
    const idleAtMs = this.#idleAtMs(nowMs);
    const slowAtMs = this.#slowAtMs(nowMs);
    const oldAtMs = this.#oldAtMs(nowMs);
    let why: RpcError | undefined;
    if (nowMs >= idleAtMs) why = idle();
    else if (nowMs >= slowAtMs) why = tooSlow();
    else if (nowMs >= oldAtMs) why = tooOld();
    if (!why) return Math.min(idleAtMs, slowAtMs, oldAtMs, this.#beat(nowMs));
    this.#call.cancel(why);
    return Infinity;
  }

  /** When the handler has waited for a request for too long, or at the earliest could have. */
  #idleAtMs(nowMs: number): number {
    if (!this.#requests) return Infinity;
    const isOwed = this.#call.kind === 'bidi' && this.#unanswered > 0;
    if (!this.#requests.isAwaited || isOwed) return nowMs + this.#idleMs;
    return Math.max(this.#askedMs, this.#answeredMs) + this.#idleMs;
  }

  /** When an answer has waited for its reader for too long, or at the earliest could have. */
  #slowAtMs(nowMs: number): number {
    if (!this.#answers) return Infinity;
    return (this.#answers.isAwaited ? nowMs : this.#answeredMs) + this.#idleMs;
  }

  /** When it is to be ended for its age. */
  #oldAtMs(nowMs: number): number {
    if (this.#call.kind !== 'bidi' || nowMs < this.#times.oldAtMs) return this.#times.oldAtMs;
    if (this.#requests && !this.#isClosing) {
      this.#isClosing = true;
      this.#requests.end();
    }
    return this.#isClosing ? this.#times.oldAtMs + this.#idleMs : Infinity;
  }

  /** Sends a heartbeat if it is time for one, and says when the next may be. */
  #beat(nowMs: number): number {
    const { heartbeatMs } = this.#times;
    if (!this.#answers || heartbeatMs === Infinity) return Infinity;
    if (!this.#answers.isAwaited) return nowMs + heartbeatMs;
    if (nowMs >= this.#answeredMs + heartbeatMs) {
      this.#answeredMs = nowMs;
      this.#answers.insert(createHeartbeat(this.#call.method.response.descriptor));
    }
    return this.#answeredMs + heartbeatMs;
  }
}
