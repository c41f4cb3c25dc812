import { Code, onFinished, RpcError, tap, tapRequests } from '@millrace/rpc';
import type { Call, MessageStream, Next, Reply } from '@millrace/rpc';
import type { Clock } from '../clock.ts';
import { isHeartbeat, promisedHeartbeatMs } from './heartbeat.ts';
import { Watchdog } from './watchdog.ts';

/** So many heartbeats may be missed. */
const PATIENCE = 3;

/** A stream as its client sees it, from the call to the last message. */
export class ReadStream {
  readonly #call: Call;
  readonly #clock: Clock;
  readonly #watchdog: Watchdog;
  readonly #firstByMs: number;
  #messages: MessageStream | undefined;
  /** Since when a reader waits, or when something else was heard. */
  #heardMs = 0;
  #silentMs: number;
  #hasHeartbeats = false;
  #unanswered = 0;
  #isFirst = true;

  constructor(call: Call, clock: Clock) {
    const { firstMessageMs, idleMs } = call.method.policy.stream;
    this.#call = call;
    this.#clock = clock;
    this.#firstByMs = clock.now() + firstMessageMs;
    this.#silentMs = idleMs;
    this.#watchdog = new Watchdog(clock, (nowMs) => this.#look(nowMs));
  }

  async run(next: Next): Promise<Reply> {
    if (this.#firstByMs !== Infinity) this.#watchdog.watch();
    const call = tapRequests(this.#call, { message: () => void this.#unanswered++ });
    const reply = await onFinished(next(call), () => this.#watchdog.stop());
    return reply.kind === 'one' ? reply : this.#open(reply);
  }

  #open(reply: Extract<Reply, { kind: 'many' }>): Reply {
    const everyMs = promisedHeartbeatMs(reply.headers);
    if (everyMs !== undefined && this.#call.method.policy.longLived) {
      this.#hasHeartbeats = true;
      this.#silentMs = PATIENCE * everyMs;
    }
    this.#messages = tap(reply.messages, {
      asked: () => void (this.#heardMs = this.#clock.now()),
      message: (message) => this.#hear(message),
    });
    this.#heardMs = this.#clock.now();
    this.#watchdog.watch();
    return { ...reply, messages: this.#messages };
  }

  /** False for what is none of the reader's business. */
  #hear(message: unknown): boolean {
    if (this.#hasHeartbeats && isHeartbeat(message)) {
      this.#heardMs = this.#clock.now();
      return false;
    }
    this.#isFirst = false;
    this.#unanswered -= 1;
    return true;
  }

  #look(nowMs: number): number {
    const { firstMessageMs } = this.#call.method.policy.stream;
    const firstByMs = this.#isFirst ? this.#firstByMs : Infinity;
    const isAwaited = this.#messages?.isAwaited ?? true;
    if (isAwaited && nowMs >= firstByMs) return this.#break(Code.DEADLINE_EXCEEDED, 'FIRST_MESSAGE_LATE');
    // When it is late and nobody waits for it, somebody may later.
    const lateMs = nowMs < firstByMs ? firstByMs : nowMs + firstMessageMs;
    if (!this.#messages) return lateMs;
    const isOwed = this.#hasHeartbeats || this.#call.kind === 'serverStream' || this.#unanswered > 0;
    const brokenMs = (isAwaited && isOwed ? this.#heardMs : nowMs) + this.#silentMs;
    if (nowMs >= brokenMs) return this.#break(Code.UNAVAILABLE, 'STREAM_SILENT');
    return Math.min(lateMs, brokenMs);
  }

  #break(code: Code, reason: string): number {
    const why = new RpcError(code, 'the stream is silent', { reason });
    if (this.#messages) this.#messages.fail(why);
    else this.#call.cancel(why);
    return Infinity;
  }
}
