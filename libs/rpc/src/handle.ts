import type { Call } from './call.ts';
import { runInContext, type Context } from './context.ts';
import type { AnyHandler, Implementation } from './handlers.ts';
import type { Next } from './interceptor.ts';
import { NO_METADATA } from './metadata.ts';
import { Code, RpcError } from './status.ts';

/** Runs each step of a handler's generator in the call's context: a generator runs in that of whoever asks for its next value. */
class InContext implements AsyncIterableIterator<unknown> {
  readonly #context: Context;
  readonly #iterator: AsyncIterator<unknown>;
  readonly #step = (): Promise<IteratorResult<unknown>> => this.#iterator.next();

  constructor(context: Context, messages: AsyncIterable<unknown>) {
    this.#context = context;
    this.#iterator = messages[Symbol.asyncIterator]();
  }

  next(): Promise<IteratorResult<unknown>> {
    return runInContext(this.#context, this.#step);
  }

  async return(): Promise<IteratorResult<unknown>> {
    await runInContext(this.#context, () => this.#iterator.return?.());
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The innermost step of a server: gives the call to its handler. A method without a handler is UNIMPLEMENTED. */
export function createHandle(implementations: readonly Implementation[]): Next {
  const handlers = new Map<string, AnyHandler>();
  for (const { service, handlers: given } of implementations) {
    for (const [name, method] of Object.entries(service.methods)) {
      const handler = given[name];
      if (handler) handlers.set(method.path, handler);
    }
  }
  return async (call: Call) => {
    const handler = handlers.get(call.method.path);
    if (!handler) throw new RpcError(Code.UNIMPLEMENTED, `${call.method.path} is not implemented`);
    const { context } = call;
    const answer = runInContext(context, () => handler(call.requests ?? call.request, call));
    if (call.kind === 'unary' || call.kind === 'clientStream') {
      return { kind: 'one', message: await answer, headers: NO_METADATA, trailers: NO_METADATA };
    }
    const messages = new InContext(context, answer as AsyncIterable<unknown>);
    return { kind: 'many', messages, headers: NO_METADATA, trailers: Promise.resolve(NO_METADATA) };
  };
}
