import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { metrics, trace, type Meter } from '@opentelemetry/api';
import {
  asRpcError,
  Code,
  createMetadata,
  NO_METADATA,
  type Call,
  type Interceptor,
  type Next,
  type Reply,
  type RpcError,
} from '@millrace/rpc';
import { withFirstMessage } from './first-message.ts';
import { rpcAttributes } from './rpc-attributes.ts';
import { isServerFault } from './server-fault.ts';

/** The header of a reply that a fallback gave: the reason of the error that it stands for. */
export const FALLBACK_KEY = 'millrace-fallback';

/**
 * Answers in place of a server: a message where the call is answered by one, an iterable of them where it is a stream; undefined for
 * "not this time". What it throws is what the call fails with.
 */
export type Fallback = (call: Call, error: RpcError) => unknown;

/** Options of {@link fallback}. */
export interface FallbackOptions {
  /** By the path of the method: `/shop.order.v1.CatalogService/ListProducts`. */
  readonly fallbacks: Readonly<Record<string, Fallback>>;
  /** Default: the global one at the time the interceptor is made. */
  readonly meter?: Meter;
}

type Messages = AsyncIterable<unknown> | Iterable<unknown>;

async function* each(schema: DescMessage, messages: Messages): AsyncIterable<unknown> {
  for await (const message of messages) yield complete(schema, message);
}

/** The message with what its proto says of fields that were left out, as one off the wire. */
function complete(schema: DescMessage, message: unknown): unknown {
  return create(schema, message as MessageInitShape<DescMessage>);
}

function replyOf({ kind, method }: Call, answer: unknown, reason: string): Reply {
  const headers = createMetadata({ [FALLBACK_KEY]: reason });
  const schema = method.response.descriptor;
  if (kind === 'unary' || kind === 'clientStream') {
    return { kind: 'one', message: complete(schema, answer), headers, trailers: NO_METADATA };
  }
  const messages = each(schema, answer as Messages);
  return { kind: 'many', messages, headers, trailers: Promise.resolve(NO_METADATA) };
}

/** Nobody needs an answer to a call that was left, and one that was wrong shall be told so. */
function mayStandIn({ code }: RpcError): boolean {
  return isServerFault(code) || code === Code.RESOURCE_EXHAUSTED || code === Code.ABORTED;
}

/**
 * Client side: an answer of our own (cached, partial, empty) where the server has none. For methods that have a fallback, when the
 * call fails by the server's fault, all attempts and the deadline included; a stream when it does so before its first message. The
 * reply has the header `millrace-fallback` with the error's reason, so that its caller can tell; of such a method the headers of a
 * stream come with its first message, because only then is it known who answers. Counted as `millrace.client.fallbacks`.
 */
export function fallback({ fallbacks, meter }: FallbackOptions): Interceptor {
  const byPath = new Map(Object.entries(fallbacks));
  const counter = (meter ?? metrics.getMeter('@millrace/interceptors')).createCounter(
    'millrace.client.fallbacks',
    { description: 'Calls that were answered by a fallback' },
  );
  const run = async (call: Call, next: Next, standIn: Fallback): Promise<Reply> => {
    try {
      const reply = await next(call);
      return reply.kind === 'one' ? reply : await withFirstMessage(reply);
    } catch (cause) {
      const error = asRpcError(cause);
      const answer = mayStandIn(error) ? await standIn(call, error) : undefined;
      if (answer === undefined) throw error;
      const { reason } = error;
      trace.getActiveSpan()?.addEvent('fallback', { reason });
      counter.add(1, { ...rpcAttributes(call.method), reason });
      return replyOf(call, answer, reason);
    }
  };
  return (call, next) => {
    const standIn = byPath.get(call.method.path);
    return standIn ? run(call, next, standIn) : next(call);
  };
}
