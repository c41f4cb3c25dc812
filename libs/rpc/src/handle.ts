import { AsyncLocalStorage } from 'node:async_hooks';
import type { Call } from './call.ts';
import { runInContext } from './context.ts';
import type { AnyHandler, Implementation } from './handlers.ts';
import type { Next } from './interceptor.ts';
import { NO_METADATA } from './metadata.ts';
import { streamOf } from './stream-of.ts';
import { Code, RpcError } from './status.ts';

/** A call that a handler has made was refused, perhaps; the handler's own has begun, and its caller may not take it for untouched. */
function begun(error: unknown): unknown {
  return error instanceof RpcError && error.sent !== 'maybe' ? error.with({ sent: 'maybe' }) : error;
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
    // Read before the handler has begun: what cannot be read was refused.
    const input = call.requests ?? call.request;
    if (call.kind === 'unary' || call.kind === 'clientStream') {
      try {
        const message = await runInContext(context, () => handler(input, call));
        return { kind: 'one', message, headers: NO_METADATA, trailers: NO_METADATA };
      } catch (error) {
        throw begun(error);
      }
    }
    // Each step of a generator runs in the context of whoever asks for the next value: in this one, with the active span.
    const messages = runInContext(context, () =>
      streamOf(handler(input, call) as AsyncIterable<unknown>, AsyncLocalStorage.snapshot()),
    );
    messages.tap({ ending: begun });
    return { kind: 'many', messages, headers: NO_METADATA, trailers: Promise.resolve(NO_METADATA) };
  };
}
