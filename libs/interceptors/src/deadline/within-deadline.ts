import {
  Code,
  RpcError,
  tap,
  type Call,
  type MessageStream,
  type Next,
  type Reply,
  type Undo,
} from '@millrace/rpc';
import type { Clock } from '../clock.ts';

/** When a call must be over, and when it must be open; on the clock's scale. */
export interface Limits {
  /** Of the whole call; Infinity for none. */
  readonly deadlineMs: number;
  /** Of the time until its reply begins; Infinity for none. */
  readonly openByMs: number;
}

/** The error for a call whose time is over. */
export function deadlineExceeded(message: string, sent: 'never' | 'refused' | 'maybe'): RpcError {
  return new RpcError(Code.DEADLINE_EXCEEDED, message, { sent });
}

/** A call that runs under a deadline: one timer, one subscription to its cancellation, both gone when it is over. */
class LimitedCall {
  readonly #call: Call;
  readonly #limits: Limits & { clock: Clock };
  readonly #reply = Promise.withResolvers<Reply>();
  #messages: MessageStream | undefined;
  #stopTimer: Undo | undefined;
  readonly #unsubscribe: Undo;

  constructor(call: Call, limits: Limits & { clock: Clock }) {
    this.#call = call;
    this.#limits = limits;
    this.#unsubscribe = call.onCancel((why) => this.#fail(why));
    this.#expireAt(Math.min(limits.deadlineMs, limits.openByMs));
  }

  run(next: Next): Promise<Reply> {
    next(this.#call).then(
      (reply) => this.#answer(reply),
      // What it throws once it was told to stop is the echo of why.
      (error: unknown) => this.#fail(this.#call.cancelled ?? error),
    );
    return this.#reply.promise;
  }

  #answer(reply: Reply): void {
    if (reply.kind === 'one') {
      this.#release();
      this.#reply.resolve(reply);
      return;
    }
    const messages = tap(reply.messages, {
      ending: (error) => error && (this.#call.cancelled ?? error),
      finished: () => this.#release(),
    });
    this.#messages = messages;
    this.#reply.resolve({ ...reply, messages });
    if (this.#call.cancelled) messages.fail(this.#call.cancelled);
    else if (this.#limits.openByMs < this.#limits.deadlineMs) {
      this.#stopTimer?.();
      this.#expireAt(this.#limits.deadlineMs);
    }
  }

  /** Without waiting for the work: it may hang. */
  #fail(error: unknown): void {
    this.#release();
    this.#reply.reject(error);
    this.#messages?.fail(error);
  }

  #release(): void {
    this.#unsubscribe();
    this.#stopTimer?.();
  }

  #expireAt(whenMs: number): void {
    if (whenMs === Infinity) return;
    const { clock } = this.#limits;
    this.#stopTimer = clock.after(whenMs - clock.now(), () =>
      this.#call.cancel(deadlineExceeded('the deadline has passed', 'maybe')),
    );
  }
}

/**
 * Runs the call with one timer, which is gone when the call is. At expiry the call is cancelled, for its handler and all
 * that runs for it, and its reply rejects at once even if the handler or a transport ignores that and hangs.
 */
export function withinDeadline(call: Call, next: Next, limits: Limits & { clock: Clock }): Promise<Reply> {
  return call.cancelled ? Promise.reject(call.cancelled) : new LimitedCall(call, limits).run(next);
}
