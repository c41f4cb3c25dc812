import type { Call, Reply } from '@millrace/rpc';
import { retrying, type RetryRules } from './retrying.ts';

type Stream = Extract<Reply, { kind: 'many' }>;

/** A stream of which the first message is there, or its end. */
interface Begun {
  readonly reply: Stream;
  readonly iterator: AsyncIterator<unknown>;
  readonly first: IteratorResult<unknown>;
}

async function begin(reply: Reply): Promise<Begun> {
  if (reply.kind !== 'many') throw new TypeError('a stream was answered by one message');
  const iterator = reply.messages[Symbol.asyncIterator]();
  return { reply, iterator, first: await iterator.next() };
}

/** Passes the rest on as it comes, and leaves it when its reader leaves. */
async function* rest({ iterator, first }: Begun): AsyncIterable<unknown> {
  if (first.done) return;
  let ended = false;
  try {
    yield first.value;
    for (let result = await iterator.next(); !result.done; result = await iterator.next()) yield result.value;
    ended = true;
  } catch (error) {
    ended = true;
    throw error;
  } finally {
    if (!ended) await iterator.return?.();
  }
}

/** The stream, tried again when it fails before its first message. */
export function replayable(
  call: Call,
  { reply, again }: { reply: Stream; again: (call: Call) => Promise<Reply> },
  rules: RetryRules,
): Reply {
  const trailers = Promise.withResolvers<Awaited<Stream['trailers']>>();
  // Who does not ask for trailers shall not be surprised by a stream's failure.
  trailers.promise.catch(() => undefined);
  async function* messages(): AsyncIterable<unknown> {
    let answer = reply;
    try {
      const begun = await begin(reply).catch((error: unknown) => {
        return retrying(call, { error, again: async (later) => begin(await again(later)) }, rules);
      });
      answer = begun.reply;
      yield* rest(begun);
    } finally {
      trailers.resolve(answer.trailers);
    }
  }
  return { ...reply, messages: messages(), trailers: trailers.promise };
}
