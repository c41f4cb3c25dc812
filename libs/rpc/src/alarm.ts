/** The longest that setTimeout can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Calls back when the moment on the performance.now() scale has come, never before it; not at all for Infinity. Monotonic, so
 * a clock that is set makes no difference.
 */
export class Alarm {
  readonly #atMs: number;
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(atMs: number, ring: () => void) {
    this.#atMs = atMs;
    this.#ring = ring;
    if (atMs !== Infinity) this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    const leftMs = Math.ceil(this.#atMs - performance.now());
    this.#timer = setTimeout(this.#check, Math.min(Math.max(leftMs, 0), LONGEST_MS));
  }

  readonly #check = (): void => {
    // A timer can be a millisecond early.
    if (performance.now() < this.#atMs) this.#wait();
    else this.#ring();
  };
}
