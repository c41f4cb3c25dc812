import { timers, type Undo } from '@millrace/rpc';

/** Time that only ever moves forward, and timers on it. Replaced in tests. */
export interface Clock {
  /** Milliseconds on the performance.now() scale. */
  now(): number;
  /** Calls back once, `ms` from now. */
  after(ms: number, callback: () => void): Undo;
}

/** The process's own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = timers.at(performance.now() + ms, callback);
    return () => timer.stop();
  },
};
