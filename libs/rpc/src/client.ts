import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { describeService, type Method } from '@millrace/contracts';
import { ClientStream } from './client-stream.ts';
import { createBegin, type Begin, type CallOptions, type InvokerOptions } from './invoker.ts';
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

async function callForOne(
  begin: Begin,
  method: Method,
  input: unknown,
  options?: CallOptions,
): Promise<unknown> {
  const reply = await begin(method, input, options).reply;
  if (reply.kind === 'one') return reply.message;
  throw new RpcError(Code.INTERNAL, `${method.path}: an interceptor answered with a stream`);
}

/**
 * A client of one service. Streamed answers are async iterables for one pass; the call starts at its first `next()`, and breaking
 * out of the loop cancels it.
 */
export function createClient<S extends DescService>(descriptor: S, options: InvokerOptions): Client<S> {
  const begin = createBegin(options);
  const { methods } = describeService(descriptor);
  const entries = Object.values(methods).map((method) => {
    const isOne = method.kind === 'unary' || method.kind === 'clientStream';
    const call = isOne
      ? (input: unknown, callOptions?: CallOptions) => callForOne(begin, method, input, callOptions)
      : (input: unknown, callOptions?: CallOptions) => new ClientStream(begin, method, input, callOptions);
    return [method.localName, call];
  });
  return Object.fromEntries(entries) as Client<S>;
}
