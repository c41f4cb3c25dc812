import type { Call } from '../call.ts';
import type { Undo } from '../cancellation.ts';
import type { CallObserver } from '../client-call.ts';
import type { Reply } from '../interceptor.ts';
import { Code, RpcError } from '../status.ts';
import { Alarm, timers } from '../timer-wheel.ts';
import type { Assembly } from './assembly.ts';
import type { LongPayload } from './long-payloads.ts';
import type { ReplyMetadata } from './response-frame.ts';

/** What is told that nobody waits for a call any more. */
export interface Carrier {
  abandon(one: CarriedCall, why: RpcError): void;
}

/** One call of a client that a channel carries. Rings at its deadline. */
export class CarriedCall extends Alarm {
  readonly call: Call;
  readonly reply: Promise<Reply>;
  /** Since when it waits; 0 for one that does not. */
  sinceMs = 0;
  /** On the channel; 0 while it has not been given to it. */
  id = 0;
  /** Its request, where that goes in chunks. */
  long: LongPayload | undefined;
  /** The reply's message, where that comes in chunks. */
  assembly: Assembly | undefined;
  metadata: ReplyMetadata | undefined;
  readonly #carrier: Carrier;
  readonly #observer: CallObserver | undefined;
  #resolve!: (reply: Reply | Promise<Reply>) => void;
  #reject!: (error: RpcError) => void;
  #undo: Undo | undefined;

  constructor(call: Call, carrier: Carrier, observer: CallObserver | undefined) {
    super();
    this.call = call;
    this.#carrier = carrier;
    this.#observer = observer;
    this.reply = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    timers.set(this, call.deadlineMs);
    this.#undo = call.onCancel((why) => this.abandon(why));
  }

  override ring(): void {
    this.abandon(new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline passed'));
  }

  /** Nobody waits for it any more. */
  abandon(why: RpcError): void {
    this.#carrier.abandon(this, why);
  }

  /** Ends it with the message in these bytes. */
  succeed(bytes: Uint8Array, { headers, trailers }: ReplyMetadata): void {
    this.call.traffic.receivedBytes += bytes.byteLength;
    let message: unknown;
    try {
      message = this.call.method.response.decode(bytes);
    } catch (cause) {
      this.fail(new RpcError(Code.INTERNAL, 'the reply cannot be read', { cause }));
      return;
    }
    this.#finish(undefined, false);
    this.#resolve({ kind: 'one', message, headers, trailers });
  }

  /** Ends it; `lost` when not by the server's word but because the channel broke. */
  fail(error: RpcError, lost = false): void {
    this.#finish(error, lost);
    this.#reject(error);
  }

  /** It goes on elsewhere. */
  handOver(next: (call: Call, observer: CallObserver | undefined) => Promise<Reply>): void {
    this.stop();
    this.#undo?.();
    next(this.call, this.#observer).then(this.#resolve, this.#reject);
  }

  #finish(error: RpcError | undefined, lost: boolean): void {
    this.stop();
    this.#undo?.();
    this.#observer?.ended(error, lost);
  }
}
