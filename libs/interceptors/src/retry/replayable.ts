import {
  Code,
  MessageStream,
  RpcError,
  type Call,
  type Next,
  type ReadonlyMetadata,
  type Reply,
} from '@millrace/rpc';
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

/** Below a stream that is tried again when it fails before its first message. It is a success from that message on. */
export class Replayable {
  readonly #opened: Stream;
  readonly #replay: Replay;
  readonly #stream = new MessageStream(this);
  readonly #trailers = Promise.withResolvers<ReadonlyMetadata>();
  #messages: AsyncIterator<unknown> | undefined;

  constructor(opened: Stream, replay: Replay) {
    this.#opened = opened;
    this.#replay = replay;
  }

  get reply(): Reply {
    return { ...this.#opened, messages: this.#stream, trailers: this.#trailers.promise };
  }

  pull(): void {
    const step = this.#messages?.next() ?? this.#first();
    step.then(this.#arrived, this.#failed);
  }

  leave(): unknown {
    if (this.#messages) return this.#messages.return?.();
    // Nobody here knows which attempt runs: the whole call is over.
    this.#replay.call.cancel(new RpcError(Code.CANCELLED, 'the reader left'));
    this.#trailers.resolve(this.#opened.trailers);
    return undefined;
  }

  readonly #arrived = ({ done, value }: IteratorResult<unknown>): void => {
    if (done) this.#stream.end();
    else this.#stream.push(value);
  };

  readonly #failed = (error: unknown): void => this.#stream.end(error);

  async #first(): Promise<IteratorResult<unknown>> {
    const { call, next, rules, retrying = new Retrying(call, rules) } = this.#replay;
    let reply: Reply = this.#opened;
    try {
      const again: Next = async (later) => withFirstMessage(await next(later));
      reply = await withFirstMessage(reply).catch((error: unknown) => retrying.after(error, again));
      rules.budget.succeeded();
    } finally {
      this.#trailers.resolve(reply.trailers);
    }
    if (reply.kind === 'one') throw new TypeError('a stream was answered by one message');
    this.#messages = reply.messages[Symbol.asyncIterator]();
    return this.#messages.next();
  }
}
