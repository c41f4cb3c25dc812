import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Method } from '@millrace/contracts';
import {
  DEFAULT_CONCURRENT_CALLS,
  DEFAULT_HEADER_BYTES,
  DEFAULT_IDLE_MS,
  type ServerLimits,
} from '../limits.ts';
import type { Peer, ServerCalls } from '../server-calls.ts';
import { CHANNELS_PER_CONNECTION, isCarried, longBytesFor } from './channel-limits.ts';
import { ServerStream } from './server-stream.ts';

/** Takes the streams that channels are on. */
export type Entrance = (grpc: ServerInterceptingCallInterface, peer: Peer) => ServerStream;

/** Lets clients open channels to those of a server's methods that can be carried. */
export function createEntrance(
  methods: readonly Method[],
  calls: ServerCalls,
  limits: ServerLimits,
): Entrance {
  const carried = methods.filter(isCarried);
  const { maxMessageBytes: messageBytes } = calls;
  const channelLimits = {
    calls: limits.maxConcurrentCalls ?? DEFAULT_CONCURRENT_CALLS,
    messageBytes,
    metadataBytes: limits.maxHeaderBytes ?? DEFAULT_HEADER_BYTES,
    longBytes: longBytesFor(messageBytes),
  };
  const open = new WeakMap<Peer, number>();
  const change = (peer: Peer, by: number): number => {
    const count = (open.get(peer) ?? 0) + by;
    open.set(peer, count);
    return count;
  };
  return (grpc, peer) =>
    new ServerStream(grpc, {
      channel: { peer, methods: carried, calls, limits: channelLimits },
      enter: () => change(peer, 1) <= CHANNELS_PER_CONNECTION,
      leave: () => change(peer, -1),
      idleMs: limits.maxConnectionIdleMs ?? DEFAULT_IDLE_MS,
    });
}
