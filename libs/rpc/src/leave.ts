import { MessageStream } from './message-stream.ts';

/** Runs what nobody waits for; how it fails is its own affair. */
function quietly(work: () => unknown): void {
  try {
    Promise.resolve(work()).catch(() => undefined);
  } catch {
    // As above.
  }
}

/** Tells messages that nobody reads on, and a stream why. How they take that is not waited for. */
export function leave(messages: AsyncIterator<unknown> | undefined, why?: Error): void {
  if (why && messages instanceof MessageStream) messages.fail(why);
  else if (messages) quietly(() => messages.return?.());
}
