export interface Wakeups {
  /** Resolves at the next `wakeAll`, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
  wakeAll(): void;
}

/** Any number of waiters for the same thing to happen. */
export function createWakeups(): Wakeups {
  const waiting = new Set<() => void>();
  return {
    async wait(signal) {
      if (signal.aborted) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
    },
    wakeAll() {
      for (const wake of [...waiting]) wake();
    },
  };
}
