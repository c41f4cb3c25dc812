import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Method } from '@millrace/contracts';
import type { Next } from './interceptor.ts';
import type { RpcError } from './status.ts';
import type { PeerIdentity } from './tls/peer-identity.ts';

/** A call that runs. */
export interface OpenCall {
  /** Whether it has no end of its own, and nothing under way that an end would lose. */
  readonly isWatch: boolean;
  /** Ends it with this status, for its caller and its handler. */
  cancel(why: RpcError): void;
  /** Takes no more calls: of what carries several. */
  drain?(): void;
}

/** The other end of a connection. */
export interface Peer {
  /** `host:port` */
  readonly address: string | undefined;
  readonly identity: PeerIdentity | undefined;
}

/** What is asked for, by whom and how. */
export interface Arrival {
  readonly method: Method;
  readonly peer: Peer;
  /** grpc-js's innermost call. */
  readonly source: ServerInterceptingCallInterface;
  /** How messages may be compressed; undefined for not at all. */
  readonly encoding: string | undefined;
}

/** What the calls of a server have in common. */
export interface ServerCalls {
  readonly handle: Next;
  readonly open: Set<OpenCall>;
  /** The longest message taken, unpacked. */
  readonly maxMessageBytes: number;
}
