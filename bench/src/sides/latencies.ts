import { percentileOf } from '../statistics.ts';

/** Half and the last hundredth, in ms; NaN where nothing was timed. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const FIRST_SIZE = 1 << 16;

/** How long calls took, each of them kept: exact, and cheaper beside a call of 10 us than a histogram. */
export class Latencies {
  #samples = new Float64Array(FIRST_SIZE);
  #count = 0;

  add(ms: number): void {
    if (this.#count === this.#samples.length) {
      const larger = new Float64Array(this.#count * 2);
      larger.set(this.#samples);
      this.#samples = larger;
    }
    this.#samples[this.#count] = ms;
    this.#count += 1;
  }

  /** Sorts: for the end, when nothing is measured any more. */
  percentiles(): Percentiles {
    const sorted = this.#samples.subarray(0, this.#count).sort();
    return { p50Ms: percentileOf(sorted, 0.5), p99Ms: percentileOf(sorted, 0.99) };
  }
}
