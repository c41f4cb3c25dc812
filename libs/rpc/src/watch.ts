import type { Undo } from './cancellation.ts';
import { currentContext, runInContext } from './context.ts';
import { leave } from './leave.ts';
import { MessageStream } from './message-stream.ts';
import { Code, RpcError } from './status.ts';
import { timers } from './timer-wheel.ts';

/** What {@link watch} goes by. */
export interface WatchOptions<E> {
  /** Opens the stream behind a cursor. Called anew after every break, so that credentials and endpoints are as well. */
  readonly open: (cursor: string) => AsyncIterable<E>;
  /** Behind which cursor a stream goes on after this event; undefined for a message that moves none. */
  readonly cursorOf: (event: E) => string | undefined;
  /** Where to begin. Default: the empty cursor. What that means is the method's affair; if it is "now", a break before the first event loses some. */
  readonly from?: string;
  /** Ends it, as leaving its loop does. */
  readonly signal?: AbortSignal;
  /** Where cursors can be compared: events that are not after the last are dropped. Default: those that are the last again. */
  readonly isAfter?: (cursor: string, last: string) => boolean;
  /** Told of every break that it comes back from, undefined for an end without error, and how long it waits. */
  readonly onBreak?: (why: RpcError | undefined, delayMs: number) => void;
}

/** What another try cannot mend. */
const FINAL: ReadonlySet<Code> = new Set([
  Code.INVALID_ARGUMENT,
  Code.UNAUTHENTICATED,
  Code.PERMISSION_DENIED,
  Code.NOT_FOUND,
  Code.OUT_OF_RANGE,
  Code.UNIMPLEMENTED,
  Code.FAILED_PRECONDITION,
]);

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 5_000;
/** A server that asks for more is not believed. */
const MAX_ASKED_MS = 60_000;
/** A stream that lasted so long was open, even if it brought nothing. */
const HELD_MS = 10_000;

/** Below the stream of a watch: one stream of the server after the other. */
class Watching<E> {
  readonly stream = new MessageStream(this);
  readonly #options: WatchOptions<E>;
  readonly #context = currentContext();
  #cursor: string;
  #events: AsyncIterator<E> | undefined;
  #openedMs = 0;
  #hasBrought = false;
  #failures = 0;
  #isOver = false;
  #wake: Undo | undefined;

  constructor(options: WatchOptions<E>) {
    this.#options = options;
    this.#cursor = options.from ?? '';
  }

  pull(): void {
    this.#read().catch((error: unknown) => {
      this.#isOver = true;
      leave(this.#events);
      this.stream.end(error);
    });
  }

  leave(): unknown {
    this.#isOver = true;
    this.#wake?.();
    return this.#events?.return?.();
  }

  /** Until there is an event, or nobody wants one any more. */
  async #read(): Promise<void> {
    while (!this.#isOver) {
      const why = await this.#next();
      if (why === 'event' || this.#isOver) return;
      this.#events = undefined;
      const delayMs = this.#delayAfter(why);
      this.#options.onBreak?.(why, delayMs);
      if (delayMs > 0) await this.#wait(delayMs);
    }
  }

  /** Hands on an event, or says why there are no more; what is no status is thrown. */
  async #next(): Promise<'event' | RpcError | undefined> {
    try {
      const events = (this.#events ??= this.#open());
      for (;;) {
        const { done, value } = await events.next();
        if (done || this.#isOver) return undefined;
        if (!this.#isNew(value)) continue;
        this.stream.push(value);
        return 'event';
      }
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  }

  #open(): AsyncIterator<E> {
    this.#openedMs = performance.now();
    const events = runInContext(this.#context, () => this.#options.open(this.#cursor));
    return events[Symbol.asyncIterator]();
  }

  #isNew(event: E): boolean {
    const { cursorOf, isAfter } = this.#options;
    const cursor = cursorOf(event);
    if (cursor === undefined) return true;
    if (isAfter ? !isAfter(cursor, this.#cursor) : cursor === this.#cursor) return false;
    this.#cursor = cursor;
    this.#hasBrought = true;
    return true;
  }

  #delayAfter(why: RpcError | undefined): number {
    const ended = this.#context.cancelled;
    if (ended) throw ended;
    const wasOpen = this.#hasBrought || performance.now() - this.#openedMs >= HELD_MS;
    this.#hasBrought = false;
    if (wasOpen) this.#failures = 0;
    // The token of an open stream may have expired; the next opening asks for another.
    if (why?.code === Code.UNAUTHENTICATED && wasOpen) return 0;
    if (why && FINAL.has(why.code)) throw why;
    const failures = this.#failures++;
    if (why?.reason === 'MAX_AGE' && failures === 0) return 0;
    const askedMs = why?.retryDelayMs ?? 0;
    const jitterMs = Math.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** failures);
    return askedMs > 0 ? Math.max(jitterMs, Math.min(askedMs, MAX_ASKED_MS)) : jitterMs;
  }

  async #wait(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = timers.at(performance.now() + delayMs, resolve);
    const undo = this.#context.onCancel(() => resolve());
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    timer.stop();
    undo();
    if (this.#context.cancelled) throw this.#context.cancelled;
  }
}

/**
 * Every event of a stream without end, across all its breaks: comes back by the cursor of the last event after a broken connection, a server
 * that drains or is started anew, a stream that grew old (at once, without a pause) and one that just ended. Between two openings it
 * waits, full jitter from 50 ms up to 5 s, from the beginning after each event, and at least as long as the server asks.
 *
 * Goes on until its loop is left, its signal aborts or the context it was made in ends. Fails with what another try cannot mend:
 * INVALID_ARGUMENT, PERMISSION_DENIED, NOT_FOUND, OUT_OF_RANGE, UNIMPLEMENTED, FAILED_PRECONDITION and UNAUTHENTICATED; the last is tried again
 * once, at once, when the stream was open before, because then a token has expired. What is no RpcError is a bug, and thrown.
 */
export function watch<E>(options: WatchOptions<E>): AsyncIterableIterator<E, undefined> {
  const { stream } = new Watching(options);
  const { signal } = options;
  const stop = (): void => void stream.return();
  stream.tap({ finished: () => signal?.removeEventListener('abort', stop) });
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  return stream as AsyncIterableIterator<E, undefined>;
}
