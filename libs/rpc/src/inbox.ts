type Result = IteratorResult<unknown, undefined>;

const END: Result = { done: true, value: undefined };

/** What an inbox asks of the stream below it. */
export interface Source {
  /** One more message is wanted. */
  pull(): void;
  /** Nobody reads any more. */
  leave(): void;
}

/**
 * The messages of a stream as an async iterable for one reader. It asks for the next message when the reader does, so that a slow
 * reader slows the sender. Not an async generator: those answer `return()` only after the `next()` that still waits.
 */
export class Inbox implements AsyncIterableIterator<unknown, undefined> {
  readonly #source: Source;
  readonly #readers: PromiseWithResolvers<Result>[] = [];
  readonly #messages: unknown[] = [];
  #over = false;
  #error: Error | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  push(message: unknown): void {
    if (this.#over) return;
    const reader = this.#readers.shift();
    if (!reader) this.#messages.push(message);
    else reader.resolve({ done: false, value: message });
    if (this.#readers.length > 0) this.#source.pull();
  }

  /** No more messages after those that are here. */
  end(): void {
    this.#over = true;
    for (const reader of this.#readers.splice(0)) reader.resolve(END);
  }

  /** The reader gets this error next, whatever lies here unread. */
  fail(error: Error): void {
    if (this.#over && this.#messages.length === 0) return;
    this.#over = true;
    this.#messages.length = 0;
    const first = this.#readers.shift();
    if (first) first.reject(error);
    else this.#error = error;
    this.end();
  }

  next(): Promise<Result> {
    if (this.#messages.length > 0) {
      return Promise.resolve({ done: false, value: this.#messages.shift() });
    }
    const error = this.#error;
    if (error) {
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve(END);
    const reader = Promise.withResolvers<Result>();
    this.#readers.push(reader);
    if (this.#readers.length === 1) this.#source.pull();
    return reader.promise;
  }

  return(): Promise<Result> {
    const unfinished = !this.#over;
    this.#messages.length = 0;
    this.#error = undefined;
    this.end();
    if (unfinished) this.#source.leave();
    return Promise.resolve(END);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
