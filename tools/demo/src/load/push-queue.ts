/** Values pushed from anywhere, read in order by one reader. */
export interface PushQueue<T> extends AsyncIterable<T> {
  push(value: T): void;
  /** The reader ends after what was pushed. */
  end(): void;
}

export function createPushQueue<T>(): PushQueue<T> {
  const values: T[] = [];
  let ended = false;
  let wake: () => void = () => undefined;
  return {
    push(value) {
      values.push(value);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const value = values.shift();
        if (value !== undefined) yield value;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
