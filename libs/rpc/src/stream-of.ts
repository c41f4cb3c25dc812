import { MessageStream, type Source, type Tap } from './message-stream.ts';

type Run = <T>(work: () => T) => T;

/** An async iterator below a stream: asked for one message at a time. */
class IteratorSource implements Source {
  readonly stream = new MessageStream(this);
  readonly #iterator: AsyncIterator<unknown>;
  readonly #run: Run | undefined;

  constructor(messages: AsyncIterable<unknown>, run: Run | undefined) {
    this.#iterator = messages[Symbol.asyncIterator]();
    this.#run = run;
  }

  pull(): void {
    try {
      const result = this.#run ? this.#run(this.#next) : this.#iterator.next();
      result.then(this.#arrived, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  }

  leave(): unknown {
    return this.#run ? this.#run(this.#return) : this.#return();
  }

  readonly #next = (): Promise<IteratorResult<unknown>> => this.#iterator.next();
  readonly #return = (): unknown => this.#iterator.return?.();

  readonly #arrived = ({ done, value }: IteratorResult<unknown>): void => {
    if (done) this.stream.end();
    else this.stream.push(value);
  };

  readonly #failed = (error: unknown): void => {
    this.stream.end(error ?? new Error('nothing was thrown, but thrown it was'));
  };
}

/**
 * Any messages as a stream. `run`, where it is given, is what each step of the iterator runs in: a generator runs in the context of
 * whoever asks for its next value.
 */
export function streamOf(messages: AsyncIterable<unknown>, run?: Run): MessageStream {
  return new IteratorSource(messages, run).stream;
}

/** Puts a tap on messages: on the stream itself where that still goes, otherwise on one around it. Read what it returns. */
export function tap(messages: AsyncIterable<unknown>, one: Tap): MessageStream {
  const stream = messages instanceof MessageStream && messages.isFresh ? messages : streamOf(messages);
  stream.tap(one);
  return stream;
}
