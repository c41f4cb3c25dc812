type Result = IteratorResult<unknown, undefined>;

/** So many messages to send, each only while fewer than `inFlight` are unanswered. */
export class Window implements AsyncIterableIterator<unknown, undefined> {
  readonly #message: unknown;
  #left: number;
  #open: number;
  #waiting: ((result: Result) => void) | undefined;

  constructor(message: unknown, size: { readonly count: number; readonly inFlight: number }) {
    this.#message = message;
    this.#left = size.count;
    this.#open = size.inFlight;
  }

  /** One more may be sent. */
  answered(): void {
    this.#open += 1;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(this.#take());
  }

  next(): Promise<Result> {
    if (this.#open > 0 || this.#left === 0) return Promise.resolve(this.#take());
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Result {
    if (this.#left === 0) return { done: true, value: undefined };
    this.#left -= 1;
    this.#open -= 1;
    return { done: false, value: this.#message };
  }
}
