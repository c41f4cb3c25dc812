/** How much of a stream may lie between its sender and the socket, in bytes; a message counts for at least 64. */
const WINDOW_BYTES = 64 * 1024;
const MESSAGE_BYTES = 64;

/** Gives a message to what is below, which says when it has left for the socket. */
type Send = (bytes: Buffer, left: () => void) => void;

/** Sends a stream's messages, and says when the socket has room for more. */
export class SendWindow {
  readonly #send: Send;
  /** Of the messages that lie there, in the order in which they leave: no closure is made for each. */
  readonly #sizes: number[] = [];
  #unsentBytes = 0;
  #roomBytes = WINDOW_BYTES;
  #awaited: (() => void) | undefined;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Undefined while there is room for another; otherwise to be waited for. */
  send(bytes: Buffer): Promise<void> | undefined {
    this.#put(bytes);
    return this.#until(WINDOW_BYTES);
  }

  /** As `send`, of a message that the next may not be given below before it has left. */
  sendAlone(bytes: Buffer): Promise<void> | undefined {
    this.#put(bytes);
    return this.emptied();
  }

  /** Undefined when everything has left; otherwise to be waited for. */
  emptied(): Promise<void> | undefined {
    return this.#until(1);
  }

  /** Nobody waits any more. */
  close(): void {
    this.#awaited?.();
  }

  #put(bytes: Buffer): void {
    const size = Math.max(bytes.byteLength, MESSAGE_BYTES);
    this.#unsentBytes += size;
    this.#sizes.push(size);
    this.#send(bytes, this.#left);
  }

  /** Undefined when less than so much lies here; otherwise to be waited for. */
  #until(roomBytes: number): Promise<void> | undefined {
    if (this.#unsentBytes < roomBytes) return undefined;
    this.#roomBytes = roomBytes;
    return new Promise((resolve) => (this.#awaited = resolve));
  }

  readonly #left = (): void => {
    this.#unsentBytes -= this.#sizes.shift() ?? 0;
    if (this.#unsentBytes < this.#roomBytes) this.close();
  };
}
