import type { Call } from './call.ts';
import type { ReadonlyMetadata } from './metadata.ts';
import { asRpcError } from './status.ts';
import type { Finished, Tap } from './message-stream.ts';
import { tap } from './stream-of.ts';

export { asRpcError } from './status.ts';

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

/**
 * Calls back once when the call is over, of whatever kind: at the reply, after its last message, at its failure, or when
 * its reader leaves early. Spares every interceptor the branch.
 */
export function onFinished(reply: Promise<Reply>, finished: Finished): Promise<Reply> {
  return reply.then(
    (settled) => {
      if (settled.kind === 'many') return tapReply(settled, { finished });
      finished(undefined);
      return settled;
    },
    (error: unknown) => {
      finished(asRpcError(error));
      throw error;
    },
  );
}

/**
 * Puts a tap on the messages of a reply; one that has a single message passes. Interceptors that do so one after the other share
 * one stream: a message is not wrapped again for each of them. Use what it returns.
 */
export function tapReply(reply: Reply, one: Tap): Reply {
  if (reply.kind === 'one') return reply;
  const messages = tap(reply.messages, one);
  return messages === reply.messages ? reply : { ...reply, messages };
}

/** Puts a tap on the requests of a call that streams them; another call passes. Use what it returns. */
export function tapRequests(call: Call, one: Tap): Call {
  if (!call.requests) return call;
  const requests = tap(call.requests, one);
  return requests === call.requests ? call : call.with({ requests });
}
