/** What one server-sent event is made of. */
export interface SentEvent {
  /** Where a client that reconnects goes on, by Last-Event-ID. */
  readonly id?: string | undefined;
  /** Default: a plain message. */
  readonly event?: string;
  /** One line: JSON. */
  readonly data: string;
}

/** Asks browsers to come back a second after a break. */
export const PREAMBLE = 'retry: 1000\n\n';

const HEARTBEAT = ': still here\n\n';

/** One event in text/event-stream form. */
export function formatEvent({ id, event, data }: SentEvent): string {
  // An id with a line break would end its field and forge the next.
  const idLine = id === undefined || /[\r\n\0]/.test(id) ? '' : `id: ${id}\n`;
  return `${idLine}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}

/** How messages become events. */
export interface EventOptions {
  readonly toEvent: (message: unknown) => SentEvent;
  /** What to say at the end of a stream that broke. */
  readonly toError: (error: unknown) => SentEvent;
  /** How long nothing may be said, in milliseconds. */
  readonly heartbeatMs: number;
}

const QUIET = Symbol('quiet');

async function orQuiet<T>(work: Promise<T>, ms: number): Promise<T | typeof QUIET> {
  const { promise: quiet, resolve } = Promise.withResolvers<typeof QUIET>();
  const timer = setTimeout(resolve, ms, QUIET);
  try {
    return await Promise.race([work, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Text for a stream's messages, with a comment whenever nothing happened for a while. Takes the next message only when its
 * reader wants more, so that a slow client slows the sender instead of filling our memory.
 */
async function* toText(
  iterator: AsyncIterator<unknown>,
  pending: Promise<IteratorResult<unknown>>,
  { toEvent, toError, heartbeatMs }: EventOptions,
): AsyncGenerator<string> {
  yield PREAMBLE;
  try {
    let next: Promise<IteratorResult<unknown>> | undefined = pending;
    while (true) {
      next ??= iterator.next();
      const result = await orQuiet(next, heartbeatMs);
      if (result === QUIET) {
        yield HEARTBEAT;
        continue;
      }
      if (result.done) return;
      next = undefined;
      yield formatEvent(toEvent(result.value));
    }
  } catch (error) {
    yield formatEvent(toError(error));
  } finally {
    await iterator.return?.();
  }
}

/**
 * Opens an event stream. Resolves when the first message is there or the stream has been quiet for `openMs`; rejects when it
 * fails before that, while the answer can still be an ordinary error.
 */
export async function openEvents(
  messages: AsyncIterable<unknown>,
  { openMs, ...options }: EventOptions & { readonly openMs: number },
): Promise<AsyncIterable<string>> {
  const iterator = messages[Symbol.asyncIterator]();
  const first = iterator.next();
  await orQuiet(first, openMs);
  // Handled where the text is made; without this a failure while the client is slow would count as unhandled.
  first.catch(() => undefined);
  return toText(iterator, first, options);
}
