import { expect, test } from '@jest/globals';
import { amplify } from '../amplification/amplify.ts';

test.each([5, 30, 60, 100])(
  'three hops together make at most 1.1 attempts a call when %i %% of the last one fail',
  async (percent) => {
    const calls = 300;
    // Without circuits, which would only make fewer.
    const { total, attempts } = await amplify({ percent, calls, seed: 7, breaker: false });
    expect(total).toBeLessThanOrEqual(1.1);
    // What each client may add to the calls that reach it: ten tokens, and a tenth for each success.
    const added = attempts.map((sent, hop) => sent - (attempts[hop - 1] ?? calls));
    for (const extra of added) expect(extra).toBeLessThanOrEqual(10 + 0.1 * calls * 1.1);
    expect(attempts[0]).toBeGreaterThanOrEqual(calls);
  },
);
