/** Counts what is done and acts once, when half of it is. */
export interface HalfWay {
  done(): void;
  readonly count: number;
  /** Resolves when the act is over, at once when it was never due. Rejects with its failure. */
  settled(): Promise<void>;
  /** Rejects as soon as the act fails. */
  readonly failed: Promise<never>;
}

export function createHalfWay(total: number, act: () => Promise<void>): HalfWay {
  const at = Math.max(1, Math.floor(total / 2));
  let count = 0;
  let acting: Promise<void> = Promise.resolve();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  return {
    done() {
      count += 1;
      if (count !== at) return;
      acting = act();
      acting.catch(failure.reject);
    },
    get count() {
      return count;
    },
    settled: () => acting,
    failed: failure.promise,
  };
}
