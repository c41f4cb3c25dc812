const firstMs = 50;
const longestMs = 5_000;

/** Delay before attempt `failures + 1`: doubles from 50 ms to 5 s, of which a random half. */
export function backoffMs(failures: number): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20));
  return full / 2 + (Math.random() * full) / 2;
}
