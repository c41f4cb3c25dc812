/** Middle, least and most of some samples. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
  return { median, low: at(0), high: at(sorted.length - 1) };
}

/** The least of some sorted samples that this share of them do not exceed (nearest rank); NaN where there is none. */
export function percentileOf(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** `5,147 (4,980 to 5,300)` */
export function formatSpread({ median, low, high }: Spread, digits = 0): string {
  const format = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${format(median)} (${format(low)} to ${format(high)})`;
}
