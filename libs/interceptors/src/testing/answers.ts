import { NO_METADATA, type Call, type Next, type Reply } from '@millrace/rpc';

/** A reply of the call's own kind with these messages; of one message the last. Throws the error after them. */
export function replyTo(call: Call, messages: readonly unknown[], error?: unknown): Reply {
  if (call.kind === 'unary' || call.kind === 'clientStream') {
    if (error !== undefined) throw error;
    return { kind: 'one', message: messages.at(-1), headers: NO_METADATA, trailers: NO_METADATA };
  }
  async function* stream(): AsyncIterable<unknown> {
    yield* messages;
    if (error !== undefined) throw error;
  }
  return { kind: 'many', messages: stream(), headers: NO_METADATA, trailers: Promise.resolve(NO_METADATA) };
}

/** A next that answers well. Streamed requests are read to their end first. */
export function answering(...messages: unknown[]): Next & { calls: Call[] } {
  const calls: Call[] = [];
  const next: Next = async (call) => {
    calls.push(call);
    if (call.requests) for await (const _message of call.requests);
    return replyTo(call, messages);
  };
  return Object.assign(next, { calls });
}

/** A next that rejects with one error after the other, and answers well when there are none left. */
export function failing(...errors: unknown[]): Next & { calls: Call[] } {
  const calls: Call[] = [];
  const next: Next = async (call) => {
    calls.push(call);
    const error = errors[calls.length - 1];
    if (error !== undefined) throw error;
    return replyTo(call, ['fine']);
  };
  return Object.assign(next, { calls });
}

/** A next that never answers, and of a stream never sends a message. */
export const hanging: Next = (call) =>
  call.kind === 'unary' || call.kind === 'clientStream'
    ? new Promise(() => undefined)
    : Promise.resolve({
        kind: 'many',
        messages: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) },
        headers: NO_METADATA,
        trailers: Promise.resolve(NO_METADATA),
      });

/** Every message of a reply. */
export async function readAll(reply: Reply | Promise<Reply>): Promise<unknown[]> {
  const settled = await reply;
  if (settled.kind === 'one') return [settled.message];
  const messages: unknown[] = [];
  for await (const message of settled.messages) messages.push(message);
  return messages;
}

/** How a call failed. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it was expected to fail');
}
