import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { describeService, type Service } from '@millrace/contracts';
import type { Call } from './call.ts';

type Handler<M extends DescMethod> = {
  unary: (request: MessageShape<M['input']>, call: Call) => Promise<MessageInitShape<M['output']>>;
  client_streaming: (
    requests: AsyncIterable<MessageShape<M['input']>>,
    call: Call,
  ) => Promise<MessageInitShape<M['output']>>;
  server_streaming: (
    request: MessageShape<M['input']>,
    call: Call,
  ) => AsyncIterable<MessageInitShape<M['output']>>;
  bidi_streaming: (
    requests: AsyncIterable<MessageShape<M['input']>>,
    call: Call,
  ) => AsyncIterable<MessageInitShape<M['output']>>;
}[M['methodKind']];

/** A function for each rpc of a service, promises and async iterables in and out. */
export type Handlers<S extends DescService> = { [K in keyof S['method']]: Handler<S['method'][K]> };

/** A handler as the server calls it, whatever its kind. */
export type AnyHandler = (input: unknown, call: Call) => Promise<unknown> | AsyncIterable<unknown>;

/** A service with what answers it. */
export interface Implementation {
  readonly service: Service;
  /** By local name. A method without one is UNIMPLEMENTED. */
  readonly handlers: Readonly<Record<string, AnyHandler>>;
}

/** Says what answers a service's calls; typed by its proto. */
export function implement<S extends DescService>(descriptor: S, handlers: Handlers<S>): Implementation {
  return { service: describeService(descriptor), handlers: handlers as Record<string, AnyHandler> };
}
