import { Code, RpcError, type Call, type Next, type ReadonlyMetadata, type Reply } from '@millrace/rpc';
import { withFirstMessage } from '../first-message.ts';
import { Retrying, type RetryRules } from './retrying.ts';

type Stream = Extract<Reply, { kind: 'many' }>;

/** How a stream came about. */
export interface Replay {
  readonly call: Call;
  readonly next: Next;
  readonly rules: RetryRules;
  /** When it took more than one attempt to open it. */
  readonly retrying?: Retrying | undefined;
}

/** A stream that is tried again when it fails before its first message. It is a success from that message on. */
export class Replayable implements AsyncIterableIterator<unknown> {
  readonly #opened: Stream;
  readonly #replay: Replay;
  readonly #trailers = Promise.withResolvers<ReadonlyMetadata>();
  #begun: Promise<void> | undefined;
  #messages: AsyncIterator<unknown> | undefined;

  constructor(opened: Stream, replay: Replay) {
    this.#opened = opened;
    this.#replay = replay;
  }

  get reply(): Reply {
    return { ...this.#opened, messages: this, trailers: this.#trailers.promise };
  }

  next(): Promise<IteratorResult<unknown>> {
    return this.#messages ? this.#messages.next() : this.#first();
  }

  async return(): Promise<IteratorResult<unknown>> {
    if (this.#messages) await this.#messages.return?.();
    else this.#leave();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #first(): Promise<IteratorResult<unknown>> {
    this.#begun ??= this.#begin();
    await this.#begun;
    return this.#messages?.next() ?? { done: true, value: undefined };
  }

  async #begin(): Promise<void> {
    const { call, next, rules, retrying = new Retrying(call, rules) } = this.#replay;
    let reply: Reply = this.#opened;
    try {
      const again: Next = async (later) => withFirstMessage(await next(later));
      reply = await withFirstMessage(reply).catch((error: unknown) => retrying.after(error, again));
      rules.budget.succeeded();
      if (reply.kind === 'many') this.#messages = reply.messages[Symbol.asyncIterator]();
    } finally {
      this.#trailers.resolve(reply.trailers);
    }
  }

  /** Nobody knows which attempt runs: the whole call is over. */
  #leave(): void {
    this.#replay.call.cancel(new RpcError(Code.CANCELLED, 'the reader left'));
    this.#trailers.resolve(this.#opened.trailers);
  }
}
