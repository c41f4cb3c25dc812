import type { Measure, Scenario } from '../measure.ts';
import { startPinned } from '../pinned-process.ts';
import { createSetup } from '../setup.ts';
import { formatSpread, spreadOf } from '../statistics.ts';

const BAR_US = 5;
const COST = new URL('../sides/cost.ts', import.meta.url);

interface Case {
  readonly name: string;
  readonly barred: boolean;
}

/** What each interceptor adds to a call of its own, in CPU, over an empty chain; one at a time, all in turns. */
export const each: Scenario = async ({ full, progress }) => {
  const { env, close } = await createSetup();
  const one = startPinned(COST, { core: 1, env });
  try {
    const cases = await one.ask<readonly Case[]>('names');
    const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
    const count = full ? 200_000 : 40_000;
    // The first round warms up.
    for (let round = 0; round <= 5; round++) {
      for (const { name } of cases) {
        const us = await one.ask<number>('cost', { name, count });
        if (round > 0) samples.get(name)?.push(us);
      }
    }
    return cases.map(({ name, barred }): Measure => {
      const spread = spreadOf(samples.get(name) ?? []);
      progress(`  ${name.padEnd(26)} ${formatSpread(spread, 2)} us`);
      return {
        name: `interceptors.cost.${name}`,
        value: spread.median,
        ...(barred && { bar: BAR_US }),
        better: 'lower',
        unit: 'us',
      };
    });
  } finally {
    await one.stop();
    close();
  }
};
