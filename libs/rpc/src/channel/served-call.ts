import type { Method } from '@millrace/contracts';
import { Call, type Traffic } from '../call.ts';
import { Cancellation } from '../cancellation.ts';
import { Context } from '../context.ts';
import type { Next, Reply } from '../interceptor.ts';
import type { Peer } from '../server-calls.ts';
import { asRpcError, Code, RpcError } from '../status.ts';
import { Alarm } from '../timer-wheel.ts';
import { Unread } from '../unread.ts';
import type { Assembly } from './assembly.ts';
import type { ArrivedCall } from './request-frame.ts';

/** What a call is answered by. */
export interface Answers {
  answer(call: ServedCall, reply: Reply): void;
  fail(call: ServedCall, error: RpcError): void;
}

/** One call that a server has taken off a channel. Rings at its deadline. */
export class ServedCall extends Alarm {
  readonly id: number;
  readonly method: Method;
  readonly deadlineMs: number;
  /** Its request, where that comes in chunks. */
  assembly: Assembly | undefined;
  /** Room for long payloads that it holds. */
  longBytes = 0;
  readonly traffic: Traffic = { sentBytes: 0, receivedBytes: 0 };
  readonly #arrived: ArrivedCall;
  readonly #answers: Answers;
  readonly #cancellation = new Cancellation();

  constructor(arrived: ArrivedCall, method: Method, { nowMs, answers }: { nowMs: number; answers: Answers }) {
    super();
    const { id, timeoutMs } = arrived;
    this.id = id;
    this.method = method;
    this.deadlineMs = timeoutMs === undefined ? Infinity : nowMs + timeoutMs;
    this.#arrived = arrived;
    this.#answers = answers;
    this.#cancellation.onCancel((why) => answers.fail(this, why));
  }

  /** Ends it with this status, for its caller and its handler. */
  cancel(why: RpcError): void {
    this.#cancellation.cancel(why);
  }

  override ring(): void {
    this.cancel(new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline passed'));
  }

  /** All of its request is here. */
  begin(payload: Buffer, handle: Next, peer: Peer): void {
    const { method, deadlineMs } = this;
    this.traffic.receivedBytes = payload.length;
    const cancellation = this.#cancellation;
    const context = new Context({ deadlineMs }, cancellation);
    const call = new Call(
      {
        side: 'server',
        method,
        cancellation,
        peer: peer.address,
        peerIdentity: peer.identity,
        traffic: this.traffic,
      },
      {
        request: new Unread(() => this.#decode(payload)),
        requests: undefined,
        metadata: this.#arrived.metadata,
        deadlineMs,
        attempt: 0,
        context,
      },
    );
    // The handler gets its context from `handle`: to enter one here as well would cost every call another frame of Node's.
    handle(call).then(
      (reply) => this.#answers.answer(this, reply),
      (error: unknown) => this.#answers.fail(this, asRpcError(error)),
    );
  }

  #decode(payload: Buffer): unknown {
    try {
      return this.method.request.decode(payload);
    } catch (cause) {
      throw new RpcError(Code.INVALID_ARGUMENT, 'the request cannot be read', { sent: 'refused', cause });
    }
  }
}
