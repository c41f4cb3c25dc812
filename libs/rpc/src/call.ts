import type { CallKind, Method } from '@millrace/contracts';
import type { Cancellation, Undo } from './cancellation.ts';
import type { Context } from './context.ts';
import type { ReadonlyMetadata } from './metadata.ts';
import type { RpcError } from './status.ts';

/** What an interceptor may change of a call for those behind it. */
export interface CallFields {
  /** The message of unary and server-stream calls; undefined otherwise. */
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

/** What every copy of a call shares. */
export interface CallOrigin {
  readonly side: 'client' | 'server';
  readonly method: Method;
  readonly cancellation: Cancellation;
  /** The other end as `host:port`, where the transport knows it. */
  readonly peer?: string | undefined;
}

/**
 * One call, of any kind, on either side, as every interceptor sees it. Copies made by `with` share the call's
 * cancellation. (A class, so that spreading one is a type error.)
 */
export class Call implements CallFields {
  readonly side: 'client' | 'server';
  readonly method: Method;
  readonly request: unknown;
  readonly requests: AsyncIterable<unknown> | undefined;
  readonly metadata: ReadonlyMetadata;
  readonly deadlineMs: number;
  readonly attempt: number;
  readonly context: Context;
  readonly #origin: CallOrigin;

  constructor(origin: CallOrigin, fields: CallFields) {
    this.side = origin.side;
    this.method = origin.method;
    this.#origin = origin;
    this.request = fields.request;
    this.requests = fields.requests;
    this.metadata = fields.metadata;
    this.deadlineMs = fields.deadlineMs;
    this.attempt = fields.attempt;
    this.context = fields.context;
  }

  get kind(): CallKind {
    return this.method.kind;
  }

  /** The other end as `host:port`, where the transport knows it; for logs and spans. */
  get peer(): string | undefined {
    return this.#origin.peer;
  }

  /** The same object for every copy of the call: a WeakMap's key for what an interceptor remembers about it. */
  get identity(): object {
    return this.#origin;
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

  with(patch: Partial<CallFields>): Call {
    const { request, requests, metadata, deadlineMs, attempt, context } = this;
    return new Call(this.#origin, {
      request,
      requests,
      metadata,
      deadlineMs,
      attempt,
      context,
      ...patch,
    });
  }
}
