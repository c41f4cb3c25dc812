/** Counts what is done and acts once, when half of it is. */
export interface HalfWay {
  done(): void;
  readonly count: number;
  /** Resolves when the act is over, at once when it was never due. Rejects with its failure. */
  settled(): Promise<void>;
}

export function createHalfWay(total: number, act: () => Promise<void>): HalfWay {
  const at = Math.max(1, Math.floor(total / 2));
  let count = 0;
  let acting: Promise<void> = Promise.resolve();
  return {
    done() {
      count += 1;
      if (count !== at) return;
      acting = act();
      acting.catch(() => undefined);
    },
    get count() {
      return count;
    },
    settled: () => acting,
  };
}
