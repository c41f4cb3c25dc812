import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

describe('the retry budget', () => {
  it('allows its capacity in a row, and one more for each ten successes', () => {
    const budget = new RetryBudget();
    const taken = Array.from({ length: 12 }, () => budget.take());
    expect(taken.filter(Boolean)).toHaveLength(10);
    for (let count = 0; count < 9; count++) budget.succeeded();
    expect(budget.take()).toBe(false);
    budget.succeeded();
    expect(budget.take()).toBe(true);
  });

  it('never allows more than its capacity and a tenth of the successes, whatever comes', () => {
    const event = fc.constantFrom('success' as const, 1, 2);
    const options = fc.record({
      capacity: fc.integer({ min: 0, max: 100 }),
      perSuccess: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(options, fc.array(event, { maxLength: 2_000 }), ({ capacity, perSuccess }, events) => {
        const budget = new RetryBudget({ capacity, perSuccess });
        let successes = 0;
        let taken = 0;
        for (const one of events) {
          if (one === 'success') {
            budget.succeeded();
            successes++;
          } else if (budget.take(one)) taken += one;
          expect(budget.tokens).toBeGreaterThanOrEqual(0);
          expect(budget.tokens).toBeLessThanOrEqual(capacity);
          expect(taken).toBeLessThanOrEqual(capacity + successes * perSuccess + 1e-6);
        }
      }),
    );
  });
});
