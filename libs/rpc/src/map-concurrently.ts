/** Something to wait for again and again. */
function createSignal(): { wait: () => Promise<void>; notify: () => void } {
  let next = Promise.withResolvers<void>();
  return {
    wait: () => next.promise,
    notify: () => {
      next.resolve();
      next = Promise.withResolvers();
    },
  };
}

/**
 * The result of `work` for each input, in the order they are done. At most `limit` inputs are at work or done and not yet
 * taken; while that is so no further input is read. A failure of an input or of `work` ends it once what runs is done.
 */
export async function* mapConcurrently<In, Out>(
  inputs: AsyncIterable<In>,
  limit: number,
  work: (input: In) => Promise<Out>,
): AsyncIterable<Out> {
  const done: Out[] = [];
  const failures: unknown[] = [];
  let open = 0;
  let reading = true;
  const changed = createSignal();
  const run = async (input: In) => {
    try {
      done.push(await work(input));
    } catch (error) {
      failures.push(error);
      open -= 1;
    }
    changed.notify();
  };
  const read = async () => {
    try {
      for await (const input of inputs) {
        open += 1;
        void run(input);
        while (open >= limit && reading) await changed.wait();
        if (!reading || failures.length > 0) break;
      }
    } catch (error) {
      failures.push(error);
    }
    reading = false;
    changed.notify();
  };
  void read();
  try {
    while (reading || open > 0) {
      const [result] = done.splice(0, 1);
      if (result === undefined) await changed.wait();
      else {
        open -= 1;
        changed.notify();
        yield result;
      }
    }
  } finally {
    reading = false;
    changed.notify();
  }
  if (failures.length > 0) throw failures[0];
}
