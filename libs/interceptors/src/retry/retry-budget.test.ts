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
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 2_000 }), (events) => {
        const budget = new RetryBudget();
        let successes = 0;
        let retries = 0;
        for (const succeeded of events) {
          if (succeeded) {
            budget.succeeded();
            successes++;
          } else if (budget.take()) retries++;
          expect(budget.tokens).toBeGreaterThanOrEqual(0);
          expect(budget.tokens).toBeLessThanOrEqual(10);
        }
        expect(retries).toBeLessThanOrEqual(10 + successes * 0.1 + 1e-6);
      }),
    );
  });
});
