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
}

/** The stream below a server's end of a channel: grpc-js's innermost call. */
export class ServerStream {
  readonly #grpc: ServerInterceptingCallInterface;
  readonly #options: ServerStreamOptions;
  #channel: ChannelServer | undefined;

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
  }

  onReceiveMessage(bytes: Buffer): void {
    this.#channel?.receive(bytes);
    this.#grpc.startRead();
  }

  onReceiveHalfClose(): void {
    this.#channel?.receiveEnd(endsInsideMessage(this.#grpc));
  }

  /** grpc-js calls it at the end of every call, well or not. */
  onCancel(): void {
    this.#options.leave();
    this.#channel?.closed();
  }

  #end(error: RpcError | undefined): void {
    this.#grpc.sendStatus(error ? toGrpcStatus(error) : { code: Code.OK, details: '', metadata: null });
  }
}
