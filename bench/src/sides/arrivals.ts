/** A load that does not wait for answers. */
export interface Arrivals {
  readonly perSecond: number;
  readonly durationMs: number;
  /** What comes in the first of it is not counted. */
  readonly warmUpMs: number;
}

/** Calls `begin` with the time at which a call was due, by a Poisson process. Late by what the loop is late. */
export function arrive(
  { perSecond, durationMs, warmUpMs }: Arrivals,
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
      // A timer is a millisecond late: it would make bursts out of single calls.
      else if (dueMs - nowMs > 2) setTimeout(next, 1);
      else setImmediate(next);
    };
    next();
  });
}
