import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pick } from './pick.ts';

const costing = (cost: number) => ({ cost, load: { cost: () => cost } });

/** Repeatable numbers from 0 to 1 (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const costs = fc.uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 2, maxLength: 12 });

test('of none nothing is picked, of one that one', () => {
  const one = costing(7);
  expect(pick([], 0)).toBeUndefined();
  expect(pick([one], 0)).toBe(one);
});

test('the dearest is never picked, and the k-th cheapest of n with the share of pairs in which it is the cheaper', () => {
  const rounds = 4_000;
  fc.assert(
    fc.property(costs, fc.integer(), (values, seed) => {
      const random = createRandom(seed);
      const all = values.map(costing);
      const picked = new Map<number, number>();
      for (let round = 0; round < rounds; round++) {
        const { cost = 0 } = pick(all, 0, random) ?? {};
        picked.set(cost, (picked.get(cost) ?? 0) + 1);
      }
      const n = values.length;
      for (const [k, cost] of values.toSorted((a, b) => a - b).entries()) {
        const share = (2 * (n - 1 - k)) / (n * (n - 1));
        const spread = Math.sqrt((share * (1 - share)) / rounds);
        expect(Math.abs((picked.get(cost) ?? 0) / rounds - share)).toBeLessThanOrEqual(6 * spread);
      }
    }),
    { numRuns: 50 },
  );
});

test('equal ones get equal shares', () => {
  const random = createRandom(1);
  const all = [costing(1), costing(1), costing(1), costing(1)];
  const picked = new Map(all.map((one) => [one, 0]));
  for (let round = 0; round < 40_000; round++) {
    const one = pick(all, 0, random);
    if (one) picked.set(one, (picked.get(one) ?? 0) + 1);
  }
  for (const count of picked.values()) expect(Math.abs(count - 10_000)).toBeLessThan(600);
});
