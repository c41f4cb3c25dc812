/** A clock that moves when it is told to. */
export interface Clock {
  readonly now: () => number;
  advance(byMs: number): void;
}

/** Makes a clock; hand its `now` to what is tested. */
export function createClock(startMs = 0): Clock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    advance: (byMs) => void (nowMs += byMs),
  };
}
