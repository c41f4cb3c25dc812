import { compare, type Comparison } from '../compare.ts';
import { cpuRatio } from '../cpu-ratio.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import { rateMeasures } from '../rate-measures.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const PAIRS = {
  bare: openPair('bare'),
  channel: openPair('channel'),
  'bare-channel': openPair('bare-channel'),
};
type Name = keyof typeof PAIRS;

const IN_FLIGHT = [64, 1, 16, 256] as const;
/** How many times as many calls as bare unary. */
const BARS: Partial<Record<number, number>> = { 64: 12, 256: 16 };

function oneInFlight(compared: Comparison<Name>): Measure[] {
  const p50 = (of: Name): number => compared.ratio(of, 'bare', 'p50Ms').median;
  return [
    { name: 'channel.p50-vs-unary.c1', value: p50('channel'), bar: 1, better: 'lower', unit: 'x' },
    { name: 'channel.bare-p50-vs-unary.c1', value: p50('bare-channel'), better: 'lower', unit: 'x' },
  ];
}

function measuresOf(inFlight: number, compared: Comparison<Name>): Measure[] {
  const { bare, channel } = compared.figures;
  const bar = BARS[inFlight];
  const at = `c${inFlight}`;
  return [
    {
      name: `channel.full-vs-unary.${at}`,
      value: compared.ratio('channel', 'bare').median,
      ...(bar && { bar }),
      better: 'higher',
      unit: 'x',
    },
    {
      name: `channel.full-vs-unary-p99.${at}`,
      value: compared.ratio('channel', 'bare', 'p99Ms').median,
      ...(bar && { bar: 1 }),
      better: 'lower',
      unit: 'x',
    },
    {
      name: `channel.bare-vs-unary.${at}`,
      value: compared.ratio('bare-channel', 'bare').median,
      better: 'higher',
      unit: 'x',
    },
    {
      name: `channel.full-cpu-vs-unary.${at}`,
      value: cpuRatio(channel, bare),
      better: 'higher',
      unit: 'x',
    },
    ...rateMeasures('channel', inFlight, compared),
  ];
}

/**
 * Unary calls carried by the channel, through both whole chains with one trace in a hundred sampled, and without interceptors, against
 * grpc-js's own unary calls without any.
 */
export const channel: Scenario = ({ full, progress }) =>
  withPairs(PAIRS, async (pairs) => {
    const form = formOf(full);
    const measures: Measure[] = [];
    for (const inFlight of IN_FLIGHT) {
      const load = { kind: 'unary', inFlight, durationMs: form.durationMs } as const;
      const warmUp = inFlight === IN_FLIGHT[0] ? form.warmUp : 1_000;
      const compared = await compare(pairs, load, { ...form, warmUp });
      progress(tell(`channel, ${inFlight} in flight`, compared, 'bare'));
      measures.push(...measuresOf(inFlight, compared));
      if (inFlight === 1) measures.push(...oneInFlight(compared));
    }
    return measures;
  });
