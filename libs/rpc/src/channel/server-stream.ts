import { Metadata, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { toGrpcStatus } from '../grpc-status.ts';
import { endsInsideMessage } from '../request-end.ts';
import { Code, RpcError } from '../status.ts';
import { ChannelServer, type ChannelServerOptions } from './channel-server.ts';

/** What is known of the server and the connection. */
export interface ServerStreamOptions {
  readonly channel: Omit<ChannelServerOptions, 'pipe' | 'end'>;
  /** Whether the connection may have one more. */
  readonly enter: () => boolean;
  readonly leave: () => void;
  /** How long nothing may come before the client is asked to go: to grpc-js the connection is never without a call. In ms. */
  readonly idleMs: number;
}

/** The stream below a server's end of a channel: grpc-js's innermost call. */
export class ServerStream {
  readonly #grpc: ServerInterceptingCallInterface;
  readonly #options: ServerStreamOptions;
  #channel: ChannelServer | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #isQuiet = false;

  constructor(grpc: ServerInterceptingCallInterface, options: ServerStreamOptions) {
    this.#grpc = grpc;
    this.#options = options;
  }

  onReceiveMetadata(): void {
    if (!this.#options.enter()) {
      this.#end(new RpcError(Code.RESOURCE_EXHAUSTED, 'too many channels on one connection'));
      return;
    }
    this.#grpc.sendMetadata(new Metadata());
    this.#channel = new ChannelServer({
      ...this.#options.channel,
      pipe: { send: (frame, left) => this.#grpc.sendMessage(frame, left) },
      end: (error) => this.#end(error),
    });
    this.#grpc.startRead();
    this.#idleTimer = setInterval(() => this.#look(), this.#options.idleMs).unref();
  }

  onReceiveMessage(bytes: Buffer): void {
    this.#isQuiet = false;
    this.#channel?.receive(bytes);
    this.#grpc.startRead();
  }

  onReceiveHalfClose(): void {
    this.#channel?.receiveEnd(endsInsideMessage(this.#grpc));
  }

  /** grpc-js calls it at the end of every call, well or not. */
  onCancel(): void {
    clearInterval(this.#idleTimer);
    this.#options.leave();
    this.#channel?.closed();
  }

  #look(): void {
    if (this.#isQuiet) this.#channel?.drain();
    this.#isQuiet = true;
  }

  #end(error: RpcError | undefined): void {
    this.#grpc.sendStatus(error ? toGrpcStatus(error) : { code: Code.OK, details: '', metadata: null });
  }
}
