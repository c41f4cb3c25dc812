/** The event loop as far as load shedding goes by it. Replaced in tests. */
export interface EventLoop {
  /** Milliseconds on the performance.now() scale. */
  now(): number;
  /** Calls back when the loop has gone through the input it has found. */
  afterInput(callback: () => void): void;
  /** Calls back when everything that runs now has come to where it waits for something else. */
  afterMicrotasks(callback: () => void): void;
}

/** The process's own. Keeps nothing running: without calls nothing is scheduled. */
export const systemLoop: EventLoop = {
  now: () => performance.now(),
  afterInput: (callback) => void setImmediate(callback),
  // A tick that was scheduled by a microtask runs when there are no more microtasks.
  afterMicrotasks: (callback) => queueMicrotask(() => process.nextTick(callback)),
};
