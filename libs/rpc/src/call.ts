import type { CallKind, Method } from '@millrace/contracts';
import { Cancellation, type Undo } from './cancellation.ts';
import type { Context, Principal } from './context.ts';
import type { ReadonlyMetadata } from './metadata.ts';
import type { RpcError } from './status.ts';
import type { PeerIdentity } from './tls/peer-identity.ts';
import { Unread } from './unread.ts';

/** What an interceptor may change of a call for those behind it. */
export interface CallFields {
  /**
   * The message of unary and server-stream calls; undefined otherwise. On a server it is decoded when it is first read, which throws
   * INVALID_ARGUMENT when the bytes are no message: who needs it last, such as a log, must not be the first to ask.
   */
  readonly request: unknown;
  /** The messages of client-stream and bidi calls, for one pass. */
  readonly requests: AsyncIterable<unknown> | undefined;
  readonly metadata: ReadonlyMetadata;
  /** When it must be over, on the performance.now() scale. */
  readonly deadlineMs: number;
  /** 0 first. */
  readonly attempt: number;
  readonly context: Context;
}

/** What a call has brought over the wire, all its attempts together, in bytes of messages before compression. */
export interface Traffic {
  sentBytes: number;
  receivedBytes: number;
}

/** What every copy of a call shares. */
export interface CallOrigin {
  readonly side: 'client' | 'server';
  readonly method: Method;
  readonly cancellation: Cancellation;
  /** The other end as `host:port`, where the transport knows it. */
  readonly peer?: string | undefined;
  /** Whose certificate the other end has shown, on a server that asks for one. */
  readonly peerIdentity?: PeerIdentity | undefined;
  /** As in {@link Call}. */
  caller?: Principal | undefined;
  /** As in {@link Call}. */
  traffic?: Traffic | undefined;
}

/** A copy of a call that can be cancelled by itself. */
export interface Fork {
  readonly call: Call;
  /** Ends the copy alone. Follows the call that it is made from. */
  readonly cancellation: Cancellation;
  /** Takes the copy off that call. To be done when it is over: the call may live on. */
  readonly release: Undo;
}

/**
 * One call, of any kind, on either side, as every interceptor sees it. Copies made by `with` share the call's
 * cancellation. (A class, so that spreading one is a type error.)
 */
export class Call implements CallFields {
  readonly side: 'client' | 'server';
  readonly method: Method;
  readonly requests: AsyncIterable<unknown> | undefined;
  readonly metadata: ReadonlyMetadata;
  readonly deadlineMs: number;
  readonly attempt: number;
  readonly context: Context;
  readonly #origin: CallOrigin;
  readonly #request: unknown;

  constructor(origin: CallOrigin, fields: CallFields) {
    this.side = origin.side;
    this.method = origin.method;
    this.#origin = origin;
    this.#request = fields instanceof Call ? fields.#request : fields.request;
    this.requests = fields.requests;
    this.metadata = fields.metadata;
    this.deadlineMs = fields.deadlineMs;
    this.attempt = fields.attempt;
    this.context = fields.context;
  }

  get request(): unknown {
    const request = this.#request;
    return request instanceof Unread ? request.read() : request;
  }

  get kind(): CallKind {
    return this.method.kind;
  }

  /** The other end as `host:port`, where the transport knows it; for logs and spans. */
  get peer(): string | undefined {
    return this.#origin.peer;
  }

  /** Who the other end is, by a certificate that was verified; undefined where it showed none. */
  get peerIdentity(): PeerIdentity | undefined {
    return this.#origin.peerIdentity;
  }

  /** Counted by the transport; made when first read. */
  get traffic(): Traffic {
    return (this.#origin.traffic ??= { sentBytes: 0, receivedBytes: 0 });
  }

  /** The same object for every copy of the call: by it one knows them for one call. */
  get identity(): object {
    return this.#origin;
  }

  /**
   * Who called, from the moment that an interceptor knows and says so. All copies share it: for logs, which are written outside of
   * that interceptor. What happens for the call goes by its context's principal.
   */
  get caller(): Principal | undefined {
    return this.#origin.caller;
  }

  set caller(principal: Principal) {
    this.#origin.caller = principal;
  }

  /** Why nobody waits for the call any more; undefined while somebody does. */
  get cancelled(): RpcError | undefined {
    return this.#origin.cancellation.why;
  }

  /** Made when first read. */
  get signal(): AbortSignal {
    return this.#origin.cancellation.signal;
  }

  /** Cheap. Take it back when the call is over. */
  onCancel(listener: (why: RpcError) => void): Undo {
    return this.#origin.cancellation.onCancel(listener);
  }

  /** Ends the call with this status, for its caller and its handler. The first reason stays. */
  cancel(why: RpcError): void {
    this.#origin.cancellation.cancel(why);
  }

  /** A copy with a cancellation of its own, for one attempt of several: it ends with the call, the call does not end with it. */
  fork(): Fork {
    const cancellation = new Cancellation();
    const release = this.onCancel((why) => cancellation.cancel(why));
    const origin = { ...this.#origin, cancellation, traffic: this.traffic };
    return { call: new Call(origin, this), cancellation, release };
  }

  with(patch: Partial<CallFields>): Call {
    // Written out: to spread the patch over a copy costs as much as the call itself, and every hop of a chain makes one.
    return new Call(this.#origin, {
      request: patch.request === undefined ? this.#request : patch.request,
      requests: patch.requests === undefined ? this.requests : patch.requests,
      metadata: patch.metadata === undefined ? this.metadata : patch.metadata,
      deadlineMs: patch.deadlineMs === undefined ? this.deadlineMs : patch.deadlineMs,
      attempt: patch.attempt === undefined ? this.attempt : patch.attempt,
      context: patch.context === undefined ? this.context : patch.context,
    });
  }
}
