import { Channel, ChannelCredentials, connectivityState, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Call } from './call.ts';
import { canFrame } from './channel/channel-limits.ts';
import { ChannelLink } from './channel/channel-link.ts';
import { ClientCall, type CallObserver } from './client-call.ts';
import { asRpcError, type Reply } from './interceptor.ts';
import { clientOptions, CONNECT_TIMEOUT_MS, DEFAULT_MESSAGE_BYTES, type ClientLimits } from './limits.ts';
import { Code, RpcError } from './status.ts';
import type { ChannelSecurity, ClientSecurity } from './tls/client-tls.ts';

/** Where a connection goes. */
export interface ConnectionOptions {
  /** `host:port`; host is an IP address or a name. */
  readonly address: string;
  /** `host:port` as the server knows itself, where `address` was looked up: the `:authority` of calls. Default `address`. */
  readonly authority?: string;
  readonly limits?: ClientLimits;
  /**
   * Whether unary calls share one stream, where the server knows how (see docs/channel.md). Default true. With false each is an HTTP/2
   * stream of its own.
   */
  readonly channel?: boolean | undefined;
  /** Default: it is not secured. */
  readonly security?: ClientSecurity | undefined;
  /** Told when `state` has changed. With it, the connection is made before the first call, and made again whenever it breaks. */
  readonly onState?: () => void;
}

/** `failed` from the first attempt that comes to nothing until one succeeds. */
export type ConnectionState = 'connecting' | 'ready' | 'failed';

// grpc-js writes what it dislikes about a peer's headers to the console, values included.
setLogVerbosity(logVerbosity.NONE);

/** Why a call cannot be sent now; undefined when it can. */
export function unsendable(call: Call): RpcError | undefined {
  if (call.cancelled) return call.cancelled.with({ sent: 'never' });
  if (call.deadlineMs > performance.now()) return undefined;
  return new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline had passed', { sent: 'never' });
}

/** It is UNAVAILABLE, and nobody has seen the call. */
export function notSent(message: string): RpcError {
  return new RpcError(Code.UNAVAILABLE, message, { sent: 'never' });
}

/** A connection to one address, made at the first call and made again when it breaks. */
export class Connection {
  readonly address: string;
  readonly #options: ConnectionOptions;
  readonly #link: ChannelLink | undefined;
  #security: ChannelSecurity | undefined;
  #channel: Channel;
  #state: ConnectionState = 'connecting';
  #closed = false;
  #settled = Promise.withResolvers<void>();
  #patience: NodeJS.Timeout | undefined;
  /** Why calls fail at once: nobody answers, and another attempt is under way by itself. */
  #silence: RpcError | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.address = options.address;
    this.#link = this.#createLink();
    this.#security = this.#secure();
    this.#channel = this.#open();
    this.#begin();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The innermost step of every client: gives the call to the server. */
  readonly next = (call: Call, observer?: CallObserver): Promise<Reply> => {
    const why = this.#closed ? notSent('the transport is closed') : (this.#silence ?? unsendable(call));
    if (why) return Promise.reject(why);
    const security = this.#secure();
    if (security !== this.#security) this.#renew(security);
    const carrier = this.#link?.current;
    if (carrier?.carries(call)) return carrier.send(call, observer);
    try {
      return new ClientCall(this.#channel, call, observer).reply;
    } catch (error) {
      return Promise.reject(asRpcError(error));
    }
  };

  /** Connects before the first call does it. Resolves when it is known how calls go, or that the server cannot be reached for now. */
  connect(): Promise<void> {
    if (this.#closed || (this.#link ? this.#link.isSettled : this.#state === 'ready'))
      return Promise.resolve();
    this.#channel.getConnectivityState(true);
    return this.#settled.promise;
  }

  /** Calls that run still finish; new ones are UNAVAILABLE. */
  close(): Promise<void> {
    this.#closed = true;
    this.#settle();
    clearTimeout(this.#patience);
    this.#link?.disconnect();
    this.#channel.close();
    return Promise.resolve();
  }

  #createLink(): ChannelLink | undefined {
    const { channel = true, limits = {} } = this.#options;
    const { maxMessageBytes: messageBytes = DEFAULT_MESSAGE_BYTES } = limits;
    const { connectTimeoutMs, maxQueuedCalls, maxQueuedMs } = limits;
    if (!channel || !canFrame(messageBytes)) return undefined;
    return new ChannelLink({
      messageBytes,
      maxQueued: maxQueuedCalls ?? 10_000,
      maxQueuedMs: maxQueuedMs ?? 1_000,
      helloMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      onDrain: () => this.#leaveDrained(),
      onSettled: () => this.#settle(),
      resend: (one) => one.handOver(this.next),
    });
  }

  #settle(): void {
    this.#settled.resolve();
    this.#settled = Promise.withResolvers();
  }

  /** The server goes away: another connection may find another one at the address. */
  #leaveDrained(): void {
    if (this.#closed) return;
    this.#become('connecting');
    this.#renew(this.#security);
  }

  #secure(): ChannelSecurity | undefined {
    const { address, authority = address, security } = this.#options;
    return security?.current(authority);
  }

  /** With other certificates there is another connection; calls on the one before finish there. */
  #renew(security: ChannelSecurity | undefined): void {
    const channel = this.#channel;
    this.#link?.disconnect();
    this.#security = security;
    this.#channel = this.#open();
    this.#begin();
    channel.close();
  }

  #open(): Channel {
    const { address, authority, limits = {} } = this.#options;
    const { credentials = ChannelCredentials.createInsecure(), options } = this.#security ?? {};
    const all = { ...clientOptions(limits), ...options };
    if (authority) all['grpc.default_authority'] = authority;
    return new Channel(address, credentials, all);
  }

  #begin(): void {
    this.#follow(this.#channel);
    if (this.#options.onState) this.#channel.getConnectivityState(true);
  }

  #follow(channel: Channel): void {
    const state = channel.getConnectivityState(false);
    channel.watchConnectivityState(state, Infinity, () => {
      if (this.#closed || channel !== this.#channel) return;
      this.#follow(channel);
      this.#changed(channel.getConnectivityState(false));
    });
  }

  #changed(state: connectivityState): void {
    const { onState } = this.#options;
    if (state === connectivityState.READY) this.#link?.connect(this.#channel);
    else this.#link?.disconnect();
    if (state === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE)
      this.#silence = undefined;
    if (state === connectivityState.READY) this.#become('ready');
    else if (state === connectivityState.TRANSIENT_FAILURE) this.#become('failed');
    else if (this.#state === 'ready') this.#become('connecting');
    if (state === connectivityState.READY || state === connectivityState.IDLE) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    } else this.#patience ??= this.#giveUpLater();
    // Not at once: grpc-js is in the middle of its own change.
    if (onState && state === connectivityState.IDLE) {
      process.nextTick(() => this.#closed || this.#channel.getConnectivityState(true));
    }
  }

  /** grpc-js waits for ever for a peer that accepts the connection and says nothing: such a channel is thrown away. */
  #giveUpLater(): NodeJS.Timeout {
    const { limits, onState } = this.#options;
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = limits ?? {};
    const timer = setTimeout(() => {
      this.#patience = undefined;
      if (onState) this.#silence = notSent(`no connection to ${this.address} within ${connectTimeoutMs} ms`);
      const channel = this.#channel;
      this.#channel = this.#open();
      this.#become('failed');
      this.#begin();
      channel.close();
    }, connectTimeoutMs);
    return timer.unref();
  }

  #become(state: ConnectionState): void {
    if (state === 'failed' || (state === 'ready' && !this.#link)) this.#settle();
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.();
  }
}
