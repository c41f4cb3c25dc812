import type { Method } from '@millrace/contracts';
import { Call } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { runInContext } from './context.ts';
import { compose, type Interceptor } from './interceptor.ts';
import { NO_METADATA } from './metadata.ts';

/** What a message of a stream is served by. */
export interface ServeEachOptions<In, Out> {
  /** The unary method that it stands for. */
  readonly method: Method;
  readonly handler: (request: In, call: Call) => Promise<Out>;
  /** What each message passes, as if it were a call of its own. The first is the outermost. */
  readonly interceptors: readonly Interceptor[];
}

/**
 * Serves messages of a stream as unary calls of their own, each with its own checks, deadline and failure. They share the
 * stream's context and end with it.
 */
export function serveEach<In, Out>(
  options: ServeEachOptions<In, Out>,
): (request: In, stream: Call) => Promise<Out> {
  const { method, handler, interceptors } = options;
  const next = compose(interceptors, async (call) => {
    const message = await runInContext(call.context, () => handler(call.request as In, call));
    return { kind: 'one', message, headers: NO_METADATA, trailers: NO_METADATA };
  });
  return async (request, stream) => {
    const { metadata, deadlineMs, context, peer } = stream;
    const cancellation = new Cancellation();
    const undo = stream.onCancel((why) => cancellation.cancel(why));
    const fields = { request, requests: undefined, metadata, deadlineMs, attempt: 0, context };
    try {
      const reply = await next(new Call({ side: 'server', method, cancellation, peer }, fields));
      if (reply.kind === 'many') throw new Error(`${method.path}: an interceptor answered with a stream`);
      return reply.message as Out;
    } finally {
      undo();
    }
  };
}
