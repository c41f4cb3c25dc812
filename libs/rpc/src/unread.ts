/** A request that is read when somebody first asks for it: of a call that is refused before, never. */
export class Unread {
  readonly #read: () => unknown;
  #message: unknown;
  #isRead = false;

  /** `read` throws an RpcError when there is no message, or none that can be read. */
  constructor(read: () => unknown) {
    this.#read = read;
  }

  read(): unknown {
    if (!this.#isRead) {
      this.#message = this.#read();
      this.#isRead = true;
    }
    return this.#message;
  }
}
