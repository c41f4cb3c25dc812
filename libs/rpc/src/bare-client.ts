import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { describeService, type Method } from '@millrace/contracts';
import { ClientStream } from './client-stream.ts';
import { currentContext } from './context.ts';
import { createBegin, type Begin, type Begun, type CallOptions, type InvokerOptions } from './invoker.ts';
import { Code, RpcError } from './status.ts';

type Requests<M extends DescMethod> = AsyncIterable<MessageInitShape<M['input']>>;

type ClientMethod<M extends DescMethod> = {
  unary: (request: MessageInitShape<M['input']>, options?: CallOptions) => Promise<MessageShape<M['output']>>;
  client_streaming: (requests: Requests<M>, options?: CallOptions) => Promise<MessageShape<M['output']>>;
  server_streaming: (
    request: MessageInitShape<M['input']>,
    options?: CallOptions,
  ) => AsyncIterable<MessageShape<M['output']>>;
  bidi_streaming: (requests: Requests<M>, options?: CallOptions) => AsyncIterable<MessageShape<M['output']>>;
}[M['methodKind']];

/** A function for each rpc of a service. They fail with an RpcError. */
export type Client<S extends DescService> = { [K in keyof S['method']]: ClientMethod<S['method'][K]> };

type Call = (input: unknown, options?: CallOptions) => unknown;

async function one({ call, reply }: Begun): Promise<unknown> {
  const answer = await reply;
  if (answer.kind === 'one') return answer.message;
  throw new RpcError(Code.INTERNAL, `${call.method.path}: an interceptor answered with a stream`);
}

function callOf(begin: Begin, method: Method): Call {
  if (method.kind === 'unary' || method.kind === 'clientStream') {
    return (input, options) => one(begin(method, input, options));
  }
  return (input, options = {}) => {
    // That of whoever asks for the stream; its reader may stand elsewhere.
    const context = options.context ?? currentContext();
    return new ClientStream(() => begin(method, input, { ...options, context }));
  };
}

/**
 * A client of one service with no interceptors but those it is given. Streamed answers are async iterables for one pass; the call starts at its first `next()`, and breaking
 * out of the loop cancels it.
 */
export function createBareClient<S extends DescService>(descriptor: S, options: InvokerOptions): Client<S> {
  const begin = createBegin(options);
  const { methods } = describeService(descriptor);
  const entries = Object.values(methods).map((method) => [method.localName, callOf(begin, method)]);
  return Object.fromEntries(entries) as Client<S>;
}
