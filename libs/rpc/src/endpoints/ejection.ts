/** So many calls in a row fail by the server's fault, and it gets none for a while: the figure is Envoy's (consecutive_5xx). */
const FAULTS_IN_A_ROW = 5;
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Whether an endpoint is left out. One that fails call after call gets none for a second, then one to try with, and so on for twice as
 * long each time, up to half a minute, until one succeeds.
 */
export class Ejection {
  #faults = 0;
  #times = 0;
  #untilMs = -Infinity;
  #isProbed = false;

  /** Whether it is left out, but for a call to try with. */
  get isEjected(): boolean {
    return this.#times > 0;
  }

  /** Whether it may have the next call. */
  mayTake(nowMs: number): boolean {
    return !this.isEjected || (nowMs >= this.#untilMs && !this.#isProbed);
  }

  /** It gets a call. */
  enter(): void {
    if (this.isEjected) this.#isProbed = true;
  }

  succeeded(): void {
    this.#faults = this.#times = 0;
    this.#isProbed = false;
  }

  /** The server's fault. True when it is left out from now on. */
  failed(nowMs: number): boolean {
    this.#faults += 1;
    // What was under way when it was left out says nothing new.
    if (nowMs < this.#untilMs || this.#faults < FAULTS_IN_A_ROW) return false;
    this.#isProbed = false;
    this.#untilMs = nowMs + Math.min(FIRST_MS * 2 ** this.#times, LONGEST_MS);
    this.#times += 1;
    return true;
  }

  /** A call has ended that says nothing. */
  passed(): void {
    this.#isProbed = false;
  }
}
