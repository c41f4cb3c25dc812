import type { Method, PolicyTable } from '@millrace/contracts';
import { Call, type CallOrigin } from './call.ts';
import { Cancellation, type Undo } from './cancellation.ts';
import { currentContext, type Context } from './context.ts';
import { compose, onFinished, type Interceptor, type Reply } from './interceptor.ts';
import { createMetadata, NO_METADATA, type MetadataInit, type ReadonlyMetadata } from './metadata.ts';
import { Code, RpcError } from './status.ts';
import type { Transport } from './transport.ts';

/** What one call can be told. */
export interface CallOptions {
  /** How long it may take, in ms. Never longer than what is left of the context's deadline. */
  readonly timeoutMs?: number;
  /** Cancels it. */
  readonly signal?: AbortSignal;
  readonly metadata?: MetadataInit;
  /** Told once what headers the reply has, as soon as it has some. Not of a call that fails before. */
  readonly onHeaders?: (headers: ReadonlyMetadata) => void;
  /** What it belongs to: ends with it and shares its deadline. Default: currentContext(). */
  readonly context?: Context;
}

/** Calls any method: a message in for unary and server streams, an async iterable of messages for the others. */
export type Invoke = (method: Method, input: unknown, options?: CallOptions) => Promise<Reply>;

/** A call that has begun. */
export interface Begun {
  readonly call: Call;
  readonly reply: Promise<Reply>;
}

/** As Invoke, for those who need the call as well. */
export type Begin = (method: Method, input: unknown, options?: CallOptions) => Begun;

/** What a client is made of. */
export interface InvokerOptions {
  readonly transport: Pick<Transport, 'next'> & Partial<Pick<Transport, 'address'>>;
  /** The first is the outermost. */
  readonly interceptors?: readonly Interceptor[];
  /** Default: what the protos say. */
  readonly policies?: PolicyTable;
}

function describeCall(origin: CallOrigin, input: unknown, options: CallOptions): Call {
  const { timeoutMs = Infinity, metadata, context = currentContext() } = options;
  const { kind } = origin.method;
  const isStreamed = kind === 'clientStream' || kind === 'bidi';
  const deadlineMs = timeoutMs === Infinity ? Infinity : performance.now() + timeoutMs;
  return new Call(origin, {
    request: isStreamed ? undefined : input,
    requests: isStreamed ? (input as AsyncIterable<unknown>) : undefined,
    metadata: metadata ? createMetadata(metadata) : NO_METADATA,
    deadlineMs: Math.min(context.deadlineMs, deadlineMs),
    attempt: 0,
    context,
  });
}

const NOTHING: Undo = () => undefined;

/** Cancels with the signal. Gives back what takes that back. */
function followSignal(signal: AbortSignal | undefined, cancellation: Cancellation): Undo {
  if (!signal) return NOTHING;
  const abort = (): void => {
    const { reason } = signal;
    const why = new RpcError(Code.CANCELLED, 'the caller cancelled', { cause: reason as unknown });
    cancellation.cancel(reason instanceof RpcError ? reason : why);
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}

/** A call on its way: follows its context and its signal, until it is over. */
class Outgoing {
  readonly call: Call;
  readonly #cancellation = new Cancellation();
  readonly #undo: Undo;
  readonly #undoSignal: Undo;

  constructor(
    method: Method,
    input: unknown,
    { peer, options }: { peer: string | undefined; options: CallOptions },
  ) {
    const cancellation = this.#cancellation;
    this.call = describeCall({ side: 'client', method, peer, cancellation }, input, options);
    this.#undo = this.call.context.onCancel((why) => cancellation.cancel(why));
    this.#undoSignal = followSignal(options.signal, cancellation);
  }

  ended(error: RpcError | undefined): void {
    this.#undo();
    this.#undoSignal();
    // Its reader has left or broken it off; what lies between may be slow to hand that down.
    if (error) this.#cancellation.cancel(error);
  }
}

/** Makes what starts calls: through the interceptors, over the transport. */
export function createBegin({ transport, interceptors = [], policies }: InvokerOptions): Begin {
  const next = compose(interceptors, transport.next);
  const { address: peer } = transport;
  return (given, input, options = NO_OPTIONS) => {
    const method = policies?.effective(given) ?? given;
    const outgoing = new Outgoing(method, input, { peer, options });
    const { call } = outgoing;
    const { onHeaders } = options;
    const reply = onFinished(next(call), (error) => outgoing.ended(error));
    return { call, reply: onHeaders ? reply.then((one) => (onHeaders(one.headers), one)) : reply };
  };
}

const NO_OPTIONS: CallOptions = {};

/** Makes an Invoke: for callers that know their methods only at run time. */
export function createInvoker(options: InvokerOptions): Invoke {
  const begin = createBegin(options);
  return (method, input, callOptions) => begin(method, input, callOptions).reply;
}
