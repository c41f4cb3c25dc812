import type { Call, Reply, RpcError } from '@millrace/rpc';

/** Rejects as soon as nobody waits for the call any more, whatever the work does. */
function race<T>(call: Call, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const undo = call.onCancel(reject);
    work.then(
      (value) => {
        undo();
        resolve(value);
      },
      (error: unknown) => {
        undo();
        // What it throws once it was told to stop is the echo of why.

        reject(call.cancelled ?? error);
      },
    );
  });
}

/** Its cleanup runs when what it is stuck in lets go; nobody waits for that. */
function abandon(iterator: AsyncIterator<unknown>): void {
  iterator.return?.().catch(() => undefined);
}

function iterate(call: Call, messages: AsyncIterable<unknown>): AsyncIterator<unknown> {
  const inner = messages[Symbol.asyncIterator]();
  let fail: ((why: RpcError) => void) | undefined;
  const undo = call.onCancel((why) => {
    fail?.(why);
    abandon(inner);
  });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (call.cancelled) return reject(call.cancelled);
        fail = reject;
        inner.next().then(
          (result) => {
            fail = undefined;
            if (result.done) undo();
            resolve(result);
          },
          (error: unknown) => {
            undo();

            reject(call.cancelled ?? error);
          },
        );
      }),
    return: async (value: unknown) => {
      undo();
      await inner.return?.();
      return { done: true, value };
    },
  };
}

/**
 * The reply, or the reason of the call's cancellation as soon as there is one: also when a handler or a transport ignores
 * its signal and never answers.
 */
export async function untilCancelled(call: Call, reply: Promise<Reply>): Promise<Reply> {
  const settled = await race(call, reply);
  if (settled.kind === 'one') return settled;
  const { messages } = settled;
  return { ...settled, messages: { [Symbol.asyncIterator]: () => iterate(call, messages) } };
}
