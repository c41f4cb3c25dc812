import type { Call } from './call.ts';
import type { ReadonlyMetadata } from './metadata.ts';
import { RpcError, Code } from './status.ts';

/**
 * How a call is answered. Unary and client-stream calls are answered by `one` message, at the end; server-stream and bidi
 * calls by `many`, from the moment the server's headers arrive. Failure is a rejection, or a throw from `messages`.
 */
export type Reply =
  | {
      readonly kind: 'one';
      readonly message: unknown;
      readonly headers: ReadonlyMetadata;
      readonly trailers: ReadonlyMetadata;
    }
  | {
      readonly kind: 'many';
      readonly messages: AsyncIterable<unknown>;
      readonly headers: ReadonlyMetadata;
      readonly trailers: Promise<ReadonlyMetadata>;
    };

export type Next = (call: Call) => Promise<Reply>;

/**
 * Sees every call, of every kind, on the side it is installed. Hands `next` the call or a changed copy, and returns its
 * reply or a changed one. A factory makes it from options: `deadline({ reserveMs: 10 })`.
 */
export type Interceptor = (call: Call, next: Next) => Promise<Reply>;

/**
 * One interceptor from many: the first is the outermost, on both sides. One that throws before it returns a promise
 * counts as one that rejects, so that those around it can rely on `finally`.
 */
export function compose(interceptors: readonly Interceptor[], last: Next): Next {
  return interceptors.reduceRight<Next>(
    (next, interceptor) => (call) => {
      try {
        return interceptor(call, next);
      } catch (error) {
        return Promise.reject(error as Error);
      }
    },
    last,
  );
}

/** How a call ended: undefined when well. */
export type Finished = (error: RpcError | undefined) => void;

/** Any failure as an RpcError. What is not one already is INTERNAL with fixed text: its own text stays in `cause`. */
export function asRpcError(error: unknown): RpcError {
  return error instanceof RpcError ? error : new RpcError(Code.INTERNAL, 'internal error', { cause: error });
}

/** A stream's messages, with its end reported. Not a generator: one would answer `return()` only after a `next()` that waits. */
class Watched implements AsyncIterableIterator<unknown> {
  readonly #messages: AsyncIterator<unknown>;
  #finished: Finished | undefined;

  constructor(messages: AsyncIterable<unknown>, finished: Finished) {
    this.#messages = messages[Symbol.asyncIterator]();
    this.#finished = finished;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const result = await this.#messages.next();
      if (result.done) this.#end(undefined);
      return result;
    } catch (error) {
      this.#end(asRpcError(error));
      throw error;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#end(new RpcError(Code.CANCELLED, 'the reader left'));
    await this.#messages.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #end(error: RpcError | undefined): void {
    const finished = this.#finished;
    this.#finished = undefined;
    finished?.(error);
  }
}

/**
 * Calls back once when the call is over, of whatever kind: at the reply, after its last message, at its failure, or when
 * its reader leaves early. Spares every interceptor the branch.
 */
export async function onFinished(reply: Promise<Reply>, finished: Finished): Promise<Reply> {
  let settled: Reply;
  try {
    settled = await reply;
  } catch (error) {
    finished(asRpcError(error));
    throw error;
  }
  if (settled.kind === 'many') return { ...settled, messages: new Watched(settled.messages, finished) };
  finished(undefined);
  return settled;
}
