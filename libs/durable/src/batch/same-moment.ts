/**
 * Makes one statement of many: what is asked for on the same connection in the same moment, by the members of a transaction that
 * `shareTransactions` has put together, is worked on at once. A moment lasts until everybody waits for something.
 * `work` gives the results in the order of the items; where it rejects, everybody in the moment gets the error.
 */
export function sameMoment<C extends object, I, O>(
  work: (connection: C, items: readonly I[]) => Promise<readonly O[]>,
): (connection: C, item: I) => Promise<O> {
  const moments = new WeakMap<C, { item: I; resolve(value: O): void; reject(error: unknown): void }[]>();
  const end = async (connection: C): Promise<void> => {
    const asked = moments.get(connection) ?? [];
    moments.delete(connection);
    try {
      const results = await work(
        connection,
        asked.map(({ item }) => item),
      );
      for (const [at, { resolve }] of asked.entries()) resolve(results[at] as O);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  };
  return (connection, item) =>
    new Promise((resolve, reject) => {
      const moment = moments.get(connection);
      if (moment !== undefined) return void moment.push({ item, resolve, reject });
      moments.set(connection, [{ item, resolve, reject }]);
      // A tick that a microtask asks for comes when there are no microtasks left.
      queueMicrotask(() => process.nextTick(() => void end(connection)));
    });
}
