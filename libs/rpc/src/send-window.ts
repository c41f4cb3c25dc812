import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

/** How much of a stream may lie between the handler and the socket, in bytes; a message counts for at least 64. */
const WINDOW_BYTES = 64 * 1024;
const MESSAGE_BYTES = 64;

/** Sends a stream's messages, and says when the socket has room for more. */
export class SendWindow {
  readonly #grpc: ServerInterceptingCallInterface;
  /** Of the messages that lie there, in the order in which they leave: no closure is made for each. */
  readonly #sizes: number[] = [];
  #unsentBytes = 0;
  #drained: (() => void) | undefined;

  constructor(grpc: ServerInterceptingCallInterface) {
    this.#grpc = grpc;
  }

  /** Undefined while there is room for another; otherwise to be waited for. */
  send(bytes: Buffer): Promise<void> | undefined {
    const size = Math.max(bytes.byteLength, MESSAGE_BYTES);
    this.#unsentBytes += size;
    this.#sizes.push(size);
    this.#grpc.sendMessage(bytes, this.#left);
    if (this.#unsentBytes < WINDOW_BYTES) return undefined;
    return new Promise((resolve) => (this.#drained = resolve));
  }

  readonly #left = (): void => {
    this.#unsentBytes -= this.#sizes.shift() ?? 0;
    if (this.#unsentBytes < WINDOW_BYTES) this.close();
  };

  /** Nobody waits for room any more. */
  close(): void {
    this.#drained?.();
  }
}
