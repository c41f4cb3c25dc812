import type { Begun } from './invoker.ts';
import { Code, RpcError } from './status.ts';

type Result = IteratorResult<unknown, undefined>;

/** The messages of a call that begins when the first is asked for. */
export class ClientStream implements AsyncIterableIterator<unknown, undefined> {
  readonly #start: () => Begun;
  #begun: Begun | undefined;
  #messages: AsyncIterator<unknown> | undefined;
  #left = false;

  constructor(start: () => Begun) {
    this.#start = start;
  }

  next(): Promise<Result> {
    return (this.#messages?.next() as Promise<Result> | undefined) ?? this.#first();
  }

  async return(): Promise<Result> {
    this.#left = true;
    this.#begun?.call.cancel(new RpcError(Code.CANCELLED, 'the reader left'));
    await this.#messages?.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #first(): Promise<Result> {
    if (this.#left) return { done: true, value: undefined };
    this.#messages ??= await this.#open();
    return (await this.#messages.next()) as Result;
  }

  async #open(): Promise<AsyncIterator<unknown>> {
    this.#begun ??= this.#start();
    const { call, reply } = this.#begun;
    const answer = await reply;
    if (answer.kind === 'many') return answer.messages[Symbol.asyncIterator]();
    throw new RpcError(Code.INTERNAL, `${call.method.path}: an interceptor answered with one message`);
  }
}
