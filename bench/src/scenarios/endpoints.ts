import type { Scenario } from '../measure.ts';
import { startPinned } from '../pinned-process.ts';
import { formatSpread, spreadOf } from '../statistics.ts';

const SERVERS = new URL('../sides/endpoint-servers.ts', import.meta.url);
const CLIENT = new URL('../sides/endpoint-client.ts', import.meta.url);
const SLOWER_MS = 50;
const ROUNDS = 5;

/** What share of the calls one of three endpoints gets that is 50 ms slower, and what it costs to pick one. */
export const endpoints: Scenario = async ({ full, progress }) => {
  const servers = startPinned(SERVERS, { core: 0, args: [String(SLOWER_MS)] });
  const ports = await servers.ask<readonly number[]>('ports');
  const client = startPinned(CLIENT, { core: 1, args: ports.map(String) });
  try {
    const shares: number[] = [];
    const picks: number[] = [];
    const calls = full ? 20_000 : 4_000;
    for (let round = 0; round < ROUNDS; round++) {
      const [a = 0, b = 0, slow = 0] = await servers.ask<readonly number[]>('counts');
      await client.ask('load', { calls, inFlight: 16 });
      const [afterA = 0, afterB = 0, afterSlow = 0] = await servers.ask<readonly number[]>('counts');
      shares.push((afterSlow - slow) / (afterA - a + afterB - b + afterSlow - slow));
      const us = await client.ask<number>('pick', { count: full ? 400_000 : 100_000 });
      // The first round warms up.
      if (round > 0) picks.push(us);
    }
    const share = spreadOf(shares);
    const pick = spreadOf(picks);
    progress(`  share of the slow one of three ${formatSpread(share, 3)}, pick ${formatSpread(pick, 2)} us`);
    return [
      {
        name: 'interceptors.slow-endpoint-share',
        value: share.median,
        bar: 0.1,
        better: 'lower',
        unit: 'of calls',
      },
      { name: 'interceptors.cost.pick', value: pick.median, bar: 5, better: 'lower', unit: 'us' },
    ];
  } finally {
    await client.stop();
    await servers.stop();
  }
};
