import type { Load } from './load.ts';

/** What can be picked. */
interface Loaded {
  readonly load: Pick<Load, 'cost'>;
}

/**
 * The cheaper of two at random: nearly as even as asking all of them, at the price of two, and no two clients run for the same one
 * (Mitzenmacher, "The power of two choices in randomized load balancing"). Undefined when there is none.
 */
export function pick<T extends Loaded>(
  from: readonly T[],
  nowMs: number,
  random: () => number = Math.random,
): T | undefined {
  const { length } = from;
  if (length < 2) return from[0];
  const first = Math.floor(random() * length);
  const other = (first + 1 + Math.floor(random() * (length - 1))) % length;
  const [a, b] = [from[first], from[other]] as [T, T];
  return a.load.cost(nowMs) <= b.load.cost(nowMs) ? a : b;
}
