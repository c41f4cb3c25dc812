import { asRpcError, Code, RpcError } from './status.ts';

type Result = IteratorResult<unknown, undefined>;

/** Somebody who waits for a message. */
interface Reader {
  readonly resolve: (result: Result | Promise<Result>) => void;
  readonly reject: (error: unknown) => void;
}

const END: Result = { done: true, value: undefined };

/** What a stream asks of what is below it. */
export interface Source {
  /** One more message is wanted. */
  pull(): void;
  /** Nobody reads any more. */
  leave(): unknown;
}

/** How a call or a stream ended: undefined when well. */
export type Finished = (error: RpcError | undefined) => void;

/** What somebody on a stream's way does with it; everything is called at the moment it happens, and must not throw but where it says so. */
export interface Tap {
  /** The reader asks for the next message. */
  readonly asked?: () => void;
  /** Sees a message on its way to the reader. `false` drops it; what it throws ends the stream. */
  readonly message?: (message: unknown) => unknown;
  /** Given how the stream ends, undefined when well, says how it shall end. Not asked when its reader leaves. */
  readonly ending?: (error: unknown) => unknown;
  /** It is over, once: at its end, its failure, or when its reader leaves. */
  readonly finished?: Finished;
}

/**
 * The messages of a stream, for one reader, with all who watch it on the way: the more of them, the more functions are called for a
 * message, but it is never wrapped again. They are called in the order they came, which is the way the messages take.
 *
 * It asks its source for the next message when the reader does, or while what lies here unread is less than `aheadBytes`, so that
 * a slow reader slows the sender. Not an async generator: those answer `return()` only after the `next()` that still waits.
 */
export class MessageStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #source: Source;
  readonly #aheadBytes: number;
  readonly #readers: Reader[] = [];
  readonly #unread: unknown[] = [];
  readonly #sizes: number[] = [];
  readonly #asked: (() => void)[] = [];
  readonly #seen: ((message: unknown) => unknown)[] = [];
  readonly #ends: Tap[] = [];
  #unreadBytes = 0;
  #isPulling = false;
  #isTaken = false;
  #isOver = false;
  #isFinished = false;
  #error: unknown;

  constructor(source: Source, aheadBytes = 0) {
    this.#source = source;
    this.#aheadBytes = aheadBytes;
  }

  /** Whether taps can still be added: nobody reads it yet, and it has not failed. */
  get isFresh(): boolean {
    return !this.#isTaken && !this.#isFinished;
  }

  /** Whether a reader waits for a message. */
  get isAwaited(): boolean {
    return this.#readers.length > 0;
  }

  tap({ asked, message, ending, finished }: Tap): void {
    if (asked) this.#asked.push(asked);
    if (message) this.#seen.push(message);
    if (ending) this.#ends.push({ ending });
    if (finished) this.#ends.push({ finished });
  }

  /** Asks for messages before anybody reads, as far as it may. */
  open(): void {
    this.#pull();
  }

  push(message: unknown, size = 0): void {
    if (this.#isOver) return;
    this.#isPulling = false;
    if (this.#readers.length === 0) {
      this.#unread.push(message);
      this.#sizes.push(size);
      this.#unreadBytes += size;
    } else if (this.#passes(message)) this.#readers.shift()?.resolve({ done: false, value: message });
    this.#pull();
  }

  /** Gives a reader that waits a message that is none of the source's and that nobody else sees. */
  insert(message: unknown): void {
    this.#readers.shift()?.resolve({ done: false, value: message });
  }

  /** After the messages that are here comes nothing, or this error. */
  end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    for (const reader of this.#readers.splice(0)) this.#last().then(reader.resolve, reader.reject);
  }

  /** Breaks it off: the reader gets this error next, whatever lies here unread, and the source is left. */
  fail(error: unknown): void {
    const wasOver = this.#isOver;
    if (wasOver && this.#unread.length === 0) return;
    this.#unread.length = this.#sizes.length = 0;
    this.#isOver = false;
    this.end(error);
    this.#finish();
    if (!wasOver) this.#leave();
  }

  next(): Promise<Result> {
    this.#isTaken = true;
    for (const asked of this.#asked) asked();
    while (this.#unread.length > 0) {
      const message = this.#unread.shift();
      this.#unreadBytes -= this.#sizes.shift() ?? 0;
      if (!this.#passes(message)) continue;
      this.#pull();
      return Promise.resolve({ done: false, value: message });
    }
    if (this.#isOver) return this.#last();
    const result = new Promise<Result>(this.#wait);
    this.#pull();
    return result;
  }

  readonly #wait = (resolve: Reader['resolve'], reject: Reader['reject']): void => {
    this.#readers.push({ resolve, reject });
  };

  /** Its source has cleaned up when this resolves, unless it is still busy with the next message. */
  async return(): Promise<Result> {
    const wasOver = this.#isOver;
    this.#isTaken = true;
    this.#unread.length = this.#sizes.length = 0;
    this.#finish(new RpcError(Code.CANCELLED, 'the reader left'));
    this.#error = undefined;
    this.end();
    if (wasOver) return END;
    if (this.#isPulling) this.#leave();
    else await this.#source.leave();
    return END;
  }

  [Symbol.asyncIterator](): this {
    this.#isTaken = true;
    return this;
  }

  /** How the source takes it is its own affair. */
  #leave(): void {
    try {
      Promise.resolve(this.#source.leave()).catch(() => undefined);
    } catch {
      // As above.
    }
  }

  #pull(): void {
    if (this.#isPulling || this.#isOver) return;
    if (this.#readers.length === 0 && this.#unreadBytes >= this.#aheadBytes) return;
    this.#isPulling = true;
    this.#source.pull();
  }

  /** Whether the message goes on to the reader. */
  #passes(message: unknown): boolean {
    try {
      for (const see of this.#seen) if (see(message) === false) return false;
      return true;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** The error, once; then the end. */
  #last(): Promise<Result> {
    this.#finish();
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(END) : Promise.reject(error as Error);
  }

  #finish(left?: RpcError): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    for (const { ending, finished } of this.#ends) {
      if (ending && !left) this.#error = ending(this.#error);
      finished?.(left ?? (this.#error === undefined ? undefined : asRpcError(this.#error)));
    }
  }
}
