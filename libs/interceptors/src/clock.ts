import type { Undo } from '@millrace/rpc';

/** Time that only ever moves forward, and timers on it. Replaced in tests. */
export interface Clock {
  /** Milliseconds on the performance.now() scale. */
  now(): number;
  /** Calls back once, `ms` from now. */
  after(ms: number, callback: () => void): Undo;
}

/** Longer timeouts overflow in Node and fire at once; 24 days are as good as never. */
const LONGEST_MS = 2 ** 31 - 1;

/** The process's own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_MS));
    return () => clearTimeout(timer);
  },
};
