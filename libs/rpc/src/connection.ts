import { Channel, ChannelCredentials, connectivityState, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Call } from './call.ts';
import { ClientCall } from './client-call.ts';
import { asRpcError, type Reply } from './interceptor.ts';
import { clientOptions, type ClientLimits } from './limits.ts';
import { Code, RpcError } from './status.ts';

/** Where a connection goes. */
export interface ConnectionOptions {
  /** `host:port`; host is an IP address or a name. */
  readonly address: string;
  /** `host:port` as the server knows itself, where `address` was looked up: the `:authority` of calls. Default `address`. */
  readonly authority?: string;
  readonly limits?: ClientLimits;
}

// grpc-js writes what it dislikes about a peer's headers to the console, values included.
setLogVerbosity(logVerbosity.NONE);

function unsendable(call: Call): RpcError | undefined {
  if (call.cancelled) return call.cancelled.with({ sent: 'never' });
  if (call.deadlineMs > performance.now()) return undefined;
  return new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline had passed', { sent: 'never' });
}

/** A connection to one address, made at the first call and made again when it breaks. */
export class Connection {
  readonly address: string;
  readonly #options: ConnectionOptions;
  #channel: Channel;
  #closed = false;
  #watch: NodeJS.Timeout | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.address = options.address;
    this.#channel = this.#open();
  }

  /** The innermost step of every client: gives the call to the server. */
  readonly next = (call: Call): Promise<Reply> => {
    const why = this.#closed
      ? new RpcError(Code.UNAVAILABLE, 'the transport is closed', { sent: 'never' })
      : unsendable(call);
    if (why) return Promise.reject(why);
    try {
      const { reply } = new ClientCall(this.#channel, call);
      this.#watchConnecting();
      return reply;
    } catch (error) {
      return Promise.reject(asRpcError(error));
    }
  };

  /** Calls that run still finish; new ones are UNAVAILABLE. */
  close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#watch);
    this.#channel.close();
    return Promise.resolve();
  }

  #open(): Channel {
    const { address, authority, limits = {} } = this.#options;
    const options = clientOptions(limits);
    if (authority) options['grpc.default_authority'] = authority;
    return new Channel(address, ChannelCredentials.createInsecure(), options);
  }

  /** grpc-js waits for ever for a peer that accepts the connection and says nothing: such a channel is thrown away. */
  #watchConnecting(): void {
    if (this.#watch || this.#channel.getConnectivityState(false) === connectivityState.READY) return;
    const { connectTimeoutMs = 3_000 } = this.#options.limits ?? {};
    const channel = this.#channel;
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      const state = channel.getConnectivityState(false);
      if (state === connectivityState.READY || state === connectivityState.IDLE) return;
      this.#channel = this.#open();
      channel.close();
    }, connectTimeoutMs);
    this.#watch.unref();
  }
}
