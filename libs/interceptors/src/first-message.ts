import type { Reply } from '@millrace/rpc';

/** A stream whose first message has been read already. Not a generator: each further message costs nothing. */
class Resumed implements AsyncIterableIterator<unknown> {
  #first: IteratorResult<unknown> | undefined;
  readonly #rest: AsyncIterator<unknown>;

  constructor(first: IteratorResult<unknown>, rest: AsyncIterator<unknown>) {
    this.#first = first;
    this.#rest = rest;
  }

  next(): Promise<IteratorResult<unknown>> {
    const first = this.#first;
    if (!first) return this.#rest.next();
    this.#first = undefined;
    return Promise.resolve(first);
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#first = undefined;
    await this.#rest.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/**
 * The reply, once its first message is there or its end: until then a stream's failure is one of the call, and a second attempt
 * or a fallback can take its place unseen.
 */
export async function withFirstMessage(reply: Reply): Promise<Reply> {
  if (reply.kind === 'one') return reply;
  const rest = reply.messages[Symbol.asyncIterator]();
  return { ...reply, messages: new Resumed(await rest.next(), rest) };
}
