import type { Channel, StatusObject } from '@grpc/grpc-js';
import { flagsOf, PlainMetadata } from '../gzip-requests.ts';
import { fromGrpcStatus } from '../grpc-status.ts';
import { Code, type RpcError } from '../status.ts';
import { CHANNEL_PATH } from './channel-path.ts';
import { ChannelClient, type ChannelClientOptions } from './channel-client.ts';

const FLAGS = flagsOf(Buffer.alloc(0), Infinity);

/** What is told how the stream has ended; undefined when well. */
export type Ended = (error: RpcError | undefined) => void;

/** The stream below a client's end of a channel: a call of grpc-js. */
export class ClientStream {
  readonly client: ChannelClient;
  readonly #grpc: ReturnType<Channel['createCall']>;
  readonly #ended: Ended;
  #isEnded = false;

  constructor(channel: Channel, options: Omit<ChannelClientOptions, 'pipe' | 'end'>, ended: Ended) {
    this.#ended = ended;
    this.#grpc = channel.createCall(CHANNEL_PATH, Infinity, null, null, null);
    this.client = new ChannelClient({
      ...options,
      pipe: {
        send: (frame, left) => this.#grpc.sendMessageWithContext({ callback: left, flags: FLAGS }, frame),
      },
      end: (error) => {
        if (error) this.breakOff(error.message);
        else this.#halfClose();
      },
    });
    this.#grpc.start(new PlainMetadata(), this);
    this.#grpc.startRead();
  }

  /** Takes no more calls, and ends after those that it has. */
  leave(): void {
    if (this.client.isOpen) this.client.retire();
    // It has none, and a server that says nothing would never end it.
    else this.breakOff('it is not needed any more');
  }

  /** Ends it at once. */
  breakOff(why: string): void {
    this.#grpc.cancelWithStatus(Code.CANCELLED, why);
  }

  onReceiveMetadata(): void {
    // The server's hello says more.
  }

  onReceiveMessage(bytes: Buffer): void {
    this.client.receive(bytes);
    this.#grpc.startRead();
  }

  onReceiveStatus(status: StatusObject): void {
    const error = fromGrpcStatus(status, true);
    this.client.closed(error.with({ code: Code.UNAVAILABLE, reason: 'CHANNEL_BROKEN', sent: 'maybe' }));
    this.#ended(status.code === Code.OK ? undefined : error);
  }

  #halfClose(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#grpc.halfClose();
  }
}
