import type { Undo } from '@millrace/rpc';
import type { Clock } from '../clock.ts';

/**
 * Looks at something again and again, by one timer at a time. `look` says when there can be something to see next, on the clock's scale;
 * Infinity: never again.
 */
export class Watchdog {
  readonly #clock: Clock;
  readonly #look: (nowMs: number) => number;
  #stopTimer: Undo | undefined;

  constructor(clock: Clock, look: (nowMs: number) => number) {
    this.#clock = clock;
    this.#look = look;
  }

  /** Looks now, and then whenever it was told to. */
  readonly watch = (): void => {
    this.stop();
    const nowMs = this.#clock.now();
    const nextMs = this.#look(nowMs);
    if (nextMs !== Infinity) this.#stopTimer = this.#clock.after(nextMs - nowMs, this.watch);
  };

  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
