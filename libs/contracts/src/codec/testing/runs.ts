/** `make fuzz` runs properties 10,000 times; `make test` a tenth as often. */
const isFull = process.env['FUZZ'] === 'full';

/** fast-check's settings for a property. `FUZZ_SEED=n` draws the same again. */
export function runs(full = 10_000): { readonly seed: number; readonly numRuns: number } {
  const seed = Number(process.env['FUZZ_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
  return { seed, numRuns: isFull ? full : full / 10 };
}

/** Of one test. */
export const TIMEOUT_MS = isFull ? 600_000 : 60_000;
