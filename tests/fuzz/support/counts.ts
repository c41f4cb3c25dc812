import type { Parameters } from 'fast-check';

/** `make fuzz` throws it all; `make test` a tenth. */
const isFull = process.env['FUZZ'] === 'full';

/** The same number throws the same input again: `FUZZ_SEED=n`. */
export const seed = Number(process.env['FUZZ_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));

/** How many inputs are under way at once. */
export const BATCH = 50;

/** fast-check's settings for so many inputs, in batches. */
export function inputs<T>(full: number): Parameters<T> {
  return { seed, numRuns: Math.ceil((isFull ? full : full / 10) / BATCH) };
}

/** Of one test. */
export const TIMEOUT_MS = isFull ? 600_000 : 60_000;
