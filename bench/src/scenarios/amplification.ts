import { amplify } from '../amplification/amplify.ts';
import type { Measure, Scenario } from '../measure.ts';

const BAR = 1.1;
const PERCENTS = [5, 30, 60, 100];
const CALLS = 1_500;
const SEED = 1;

/**
 * In-request attempts a call over gateway -> order -> payment together, while payment fails with UNAVAILABLE. Every client on the way has
 * its whole chain, the caller's too; only the circuits are off, because a circuit that is open makes fewer attempts than there are calls, and would
 * hide what retries and hedges add. With circuits the figure is told beside it.
 */
export const amplification: Scenario = async ({ progress }) => {
  const measures: Measure[] = [];
  for (const percent of PERCENTS) {
    const load = { percent, calls: CALLS, seed: SEED };
    const { total, worstHop, attempts } = await amplify({ ...load, breaker: false });
    const guarded = await amplify(load);
    progress(
      `  ${percent} % failing: ${total.toFixed(3)} attempts a call and hop, ${worstHop.toFixed(3)} on the worst hop ` +
        `(${attempts.join(' -> ')}), ${guarded.total.toFixed(3)} with circuits (${guarded.attempts.join(' -> ')})`,
    );
    const name = `interceptors.amplification.${percent}`;
    measures.push(
      { name, value: total, bar: BAR, better: 'lower', unit: 'x' },
      { name: `${name}.worst-hop`, value: worstHop, better: 'lower', unit: 'x' },
    );
  }
  return measures;
};
