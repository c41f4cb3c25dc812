import type { Measure, Scenario } from '../measure.ts';
import { startPinned } from '../pinned-process.ts';
import { formatSpread, spreadOf } from '../statistics.ts';

const CODECS = new URL('../sides/codecs.ts', import.meta.url);
const BARS = { encode: 3, decode: 2.5 };

/** What it costs to encode and decode an order of 117 bytes and its answer of 60, against protobuf-es and proto-loader in turns. */
export const codec: Scenario = async ({ full, progress }) => {
  const one = startPinned(CODECS, { core: 1 });
  try {
    const names = await one.ask<readonly string[]>('names');
    const samples = new Map<string, number[]>(names.map((name) => [name, []]));
    const count = full ? 200_000 : 50_000;
    // The first rounds warm up.
    for (let round = -2; round < (full ? 21 : 9); round++)
      for (const name of names) {
        const us = await one.ask<number>('cost', { name, count });
        if (round >= 0) samples.get(name)?.push(us);
      }
    for (const name of names)
      progress(`  ${name.padEnd(28)} ${formatSpread(spreadOf(samples.get(name) ?? []), 2)} us`);
    return measuresOf(samples);
  } finally {
    await one.stop();
  }
};

function measuresOf(samples: ReadonlyMap<string, readonly number[]>): Measure[] {
  const us = [...samples].map(([name, costs]): Measure => ({
    name: `channel.codec.${name}`,
    value: spreadOf(costs).median,
    better: 'lower',
    unit: 'us',
  }));
  /** Round by round: what drifts with the machine is in both. */
  const ratio = (work: keyof typeof BARS, other: string): number => {
    const [theirs, ours] = [`order.${other}.${work}`, `order.ours.${work}`].map((name) => samples.get(name));
    return spreadOf((ours ?? []).map((cost, round) => (theirs?.[round] ?? NaN) / cost)).median;
  };
  const ratios = (['encode', 'decode'] as const).flatMap((work): Measure[] => [
    {
      name: `channel.codec.${work}-vs-protobuf-es`,
      value: ratio(work, 'protobuf-es'),
      bar: BARS[work],
      better: 'higher',
      unit: 'x',
    },
    {
      name: `channel.codec.${work}-vs-proto-loader`,
      value: ratio(work, 'proto-loader'),
      better: 'higher',
      unit: 'x',
    },
  ]);
  return [...ratios, ...us];
}
