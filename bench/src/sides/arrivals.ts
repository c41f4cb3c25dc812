/** A load that does not wait for answers. */
export interface Arrivals {
  readonly perSecond: number;
  readonly durationMs: number;
  /** What comes in the first of it is not counted. */
  readonly warmUpMs: number;
}

/** Calls `begin` for each call when it is due, to the millisecond, by a Poisson process. Gives it the time at which it was due. */
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
      else setTimeout(next, 1);
    };
    next();
  });
}
