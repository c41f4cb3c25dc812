/** How many calls went well and badly lately. */
export interface Outcomes {
  readonly total: number;
  readonly failures: number;
}

interface Slice extends Outcomes {
  total: number;
  failures: number;
  index: number;
}

const SLICES = 10;

/** Counts outcomes of the last `windowMs`, in ten slices that expire one by one. */
export class FailureWindow {
  readonly #sliceMs: number;
  #slices: Slice[] = [];

  constructor(windowMs: number) {
    this.#sliceMs = windowMs / SLICES;
  }

  /** Counts one outcome. `nowMs` never goes back. */
  add(failed: boolean, nowMs: number): void {
    const index = Math.floor(nowMs / this.#sliceMs);
    let slice = this.#slices.at(-1);
    if (slice?.index !== index) {
      slice = { total: 0, failures: 0, index };
      this.#slices = this.#slices.filter((old) => old.index > index - SLICES);
      this.#slices.push(slice);
    }
    slice.total++;
    if (failed) slice.failures++;
  }

  outcomes(nowMs: number): Outcomes {
    const oldest = Math.floor(nowMs / this.#sliceMs) - SLICES;
    let total = 0;
    let failures = 0;
    for (const slice of this.#slices) {
      if (slice.index <= oldest) continue;
      total += slice.total;
      failures += slice.failures;
    }
    return { total, failures };
  }
}
