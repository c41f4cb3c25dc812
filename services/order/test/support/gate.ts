/** Holds whoever comes until it is opened. */
export interface Gate {
  /** Resolves when somebody has come. */
  readonly reached: Promise<void>;
  readonly pass: () => Promise<void>;
  open(): void;
}

export function createGate(): Gate {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    pass: () => {
      reached.resolve();
      return opened.promise;
    },
    open: opened.resolve,
  };
}
