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
 * The messages of a stream as an async iterable for one reader. It asks for the next message when the reader does, or while what lies
 * here unread is less than `aheadBytes`, so that a slow reader slows the sender. Not an async generator: those answer `return()` only
 * after the `next()` that still waits.
 */
export class Inbox implements AsyncIterableIterator<unknown, undefined> {
  readonly #source: Source;
  readonly #aheadBytes: number;
  readonly #readers: PromiseWithResolvers<Result>[] = [];
  readonly #messages: (readonly [message: unknown, size: number])[] = [];
  #unreadBytes = 0;
  #isPulling = false;
  #over = false;
  #error: Error | undefined;

  constructor(source: Source, aheadBytes = 0) {
    this.#source = source;
    this.#aheadBytes = aheadBytes;
  }

  /** Asks for messages before anybody reads, as far as it may. */
  open(): void {
    this.#pull();
  }

  push(message: unknown, size = 0): void {
    if (this.#over) return;
    this.#isPulling = false;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value: message });
    else {
      this.#messages.push([message, size]);
      this.#unreadBytes += size;
    }
    this.#pull();
  }

  /** After the messages that are here comes nothing, or this error. */
  end(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.next().then(reader.resolve, reader.reject);
  }

  /** The reader gets this error next, whatever lies here unread. */
  fail(error: Error): void {
    if (this.#over && this.#messages.length === 0) return;
    this.#messages.length = 0;
    this.#over = false;
    this.end(error);
  }

  next(): Promise<Result> {
    const first = this.#messages.shift();
    if (first) {
      const [value, size] = first;
      this.#unreadBytes -= size;
      this.#pull();
      return Promise.resolve({ done: false, value });
    }
    const error = this.#error;
    this.#error = undefined;
    if (error) return Promise.reject(error);
    if (this.#over) return Promise.resolve(END);
    const reader = Promise.withResolvers<Result>();
    this.#readers.push(reader);
    this.#pull();
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

  #pull(): void {
    if (this.#isPulling || this.#over) return;
    if (this.#readers.length === 0 && this.#unreadBytes >= this.#aheadBytes) return;
    this.#isPulling = true;
    this.#source.pull();
  }
}
