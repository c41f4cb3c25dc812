/** A load that does not wait for answers. */
export interface Arrivals {
  readonly perSecond: number;
  readonly durationMs: number;
  /** What comes in the first of it is not counted. */
  readonly warmUpMs: number;
  /**
   * Looks at the clock in every turn of the event loop instead of every millisecond: where times of calls are the claim, a timer's
   * millisecond would be most of them. The process is busy all the time. Default false.
   */
  readonly exact?: boolean;
}

/** Calls `begin` for each call when it is due, by a Poisson process. Gives it the time at which it was due. */
export function arrive(
  { perSecond, durationMs, warmUpMs, exact = false }: Arrivals,
  begin: (dueMs: number) => void,
): Promise<void> {
  const meanMs = 1_000 / perSecond;
  let dueMs = performance.now();
  const untilMs = dueMs + warmUpMs + durationMs;
  return new Promise((resolve) => {
    const next = (): void => {
      const nowMs = performance.now();
      while (dueMs <= nowMs && dueMs < untilMs) {
        begin(dueMs);
        dueMs -= meanMs * Math.log(1 - Math.random());
      }
      if (dueMs >= untilMs) resolve();
      else if (exact) setImmediate(next);
      else setTimeout(next, 1);
    };
    next();
  });
}
