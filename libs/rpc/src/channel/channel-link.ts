import type { Channel } from '@grpc/grpc-js';
import type { RpcError } from '../status.ts';
import { Code } from '../status.ts';
import type { CarriedCall } from './carried-call.ts';
import type { ChannelClient, ChannelClientOptions } from './channel-client.ts';
import { ClientStream } from './client-stream.ts';

/** What a link is made of. */
export interface ChannelLinkOptions extends Pick<
  ChannelClientOptions,
  'messageBytes' | 'maxQueued' | 'maxQueuedMs' | 'onDrain' | 'wornId'
> {
  /** How long a server may take to say hello, in ms. */
  readonly helloMs: number;
  /** It is known how calls go: on a channel, or the ordinary way. */
  readonly onSettled: () => void;
  /** Sends a call again that was never begun. */
  readonly resend: (one: CarriedCall) => void;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 2_000;

/**
 * Keeps a channel open on a connection. A server that does not know channels says so when the first is opened, which no call waits for:
 * until there is one, and where there is none, calls go the ordinary way.
 */
export class ChannelLink {
  readonly #options: ChannelLinkOptions;
  #connection: Channel | undefined;
  #stream: ClientStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #isSettled = false;

  constructor(options: ChannelLinkOptions) {
    this.#options = options;
  }

  /** The channel that calls may be given to. */
  get current(): ChannelClient | undefined {
    return this.#stream?.client;
  }

  /** Whether it is known how calls go. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** A connection is ready. */
  connect(connection: Channel): void {
    if (this.#connection === connection) return;
    this.disconnect();
    this.#connection = connection;
    this.#backoffMs = FIRST_BACKOFF_MS;
    this.#open(connection);
  }

  /** The connection is gone, or takes no new calls. Those on its channel finish there. */
  disconnect(): void {
    this.#connection = undefined;
    this.#isSettled = false;
    clearTimeout(this.#timer);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.leave();
  }

  #settle(): void {
    this.#isSettled = true;
    this.#options.onSettled();
  }

  #open(connection: Channel): void {
    const { helloMs, resend, onDrain, onSettled: _, ...options } = this.#options;
    let isOpen = false;
    const stream = new ClientStream(
      connection,
      {
        ...options,
        onOpen: () => {
          if (this.#stream !== stream) return;
          isOpen = true;
          this.#backoffMs = FIRST_BACKOFF_MS;
          clearTimeout(this.#timer);
          this.#settle();
        },
        onDrain: () => {
          // One that was left before says nothing about the connection that there is now.
          if (this.#stream !== stream) return;
          this.disconnect();
          onDrain();
        },
        onWorn: () => {
          if (this.#stream === stream) this.#open(connection);
        },
        onStranded: resend,
      },
      (error) => {
        if (this.#stream === stream) this.#ended(connection, isOpen ? undefined : error);
      },
    );
    this.#stream = stream;
    // What lies between may hold streams back until they end.
    this.#timer = setTimeout(() => stream.breakOff('no hello'), helloMs).unref();
  }

  /** `refused` is why there was no hello. */
  #ended(connection: Channel, refused: RpcError | undefined): void {
    this.#stream = undefined;
    clearTimeout(this.#timer);
    const isTransient = refused?.code === Code.UNAVAILABLE || refused?.code === Code.RESOURCE_EXHAUSTED;
    // Calls go the ordinary way, whether for now or for good.
    if (refused) this.#settle();
    if (refused && !isTransient) return;
    const backoffMs = this.#backoffMs * (0.5 + Math.random());
    this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
    this.#timer = setTimeout(() => this.#open(connection), backoffMs).unref();
  }
}
