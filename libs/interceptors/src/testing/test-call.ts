import { describeService, OrderService, type CallKind, type Method, type Policy } from '@millrace/contracts';
import {
  Call,
  Cancellation,
  Context,
  createMetadata,
  type ContextFields,
  type MetadataInit,
  type PeerIdentity,
} from '@millrace/rpc';

/** Every shape a call can have. */
export const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];

/** What a test says about its call; the rest is as plain as can be. */
export interface TestCallOptions {
  readonly side?: 'client' | 'server';
  readonly kind?: CallKind;
  /** Default: one of the order service, made to be of the kind. */
  readonly method?: Method;
  readonly policy?: Partial<Policy>;
  readonly metadata?: MetadataInit;
  readonly deadlineMs?: number;
  readonly context?: Partial<ContextFields>;
  readonly request?: unknown;
  readonly requests?: Iterable<unknown>;
  readonly peer?: string;
  readonly peerIdentity?: PeerIdentity;
}

function methodOf(kind: CallKind, policy: Partial<Policy>): Method {
  const { getOrder } = describeService(OrderService).methods;
  if (!getOrder) throw new Error('the order service has no GetOrder');
  return { ...getOrder, kind, policy: { ...getOrder.policy, ...policy } };
}

async function* stream(messages: Iterable<unknown>): AsyncIterable<unknown> {
  yield* messages;
}

/** A call of any kind, and what cancels it. */
export function testCall(options: TestCallOptions = {}): { call: Call; cancellation: Cancellation } {
  const { side = 'server', kind = 'unary', policy = {}, metadata, deadlineMs = Infinity, peer } = options;
  const { peerIdentity } = options;
  const { request = {}, requests = [{}], context, method = methodOf(kind, policy) } = options;
  const cancellation = new Cancellation();
  const streams = kind === 'clientStream' || kind === 'bidi';
  const call = new Call(
    { side, method, cancellation, peer, peerIdentity },
    {
      request: streams ? undefined : request,
      requests: streams ? stream(requests) : undefined,
      metadata: createMetadata(metadata),
      deadlineMs,
      attempt: 0,
      context: new Context(context, cancellation),
    },
  );
  return { call, cancellation };
}
