import { compare, type Pairs } from '../compare.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import type { Figures } from '../sample.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

/** Calls a second that are offered, and in how many ms 99 of 100 must be answered. */
const MODERATE = { perSecond: 4_000, barMs: 2 };
const HEAVY = { perSecond: 35_000, barMs: 15 };
const WARM_UP_IN_FLIGHT = 64;

function measuresOf(name: string, { p99Ms, p50Ms, failed }: Figures, barMs?: number): Measure[] {
  const bar = barMs === undefined ? {} : { bar: barMs };
  return [
    { name: `channel.open-loop-p99.${name}`, value: p99Ms.median, ...bar, better: 'lower', unit: 'ms' },
    { name: `channel.open-loop-p50.${name}`, value: p50Ms.median, better: 'lower', unit: 'ms' },
    { name: `channel.open-loop-failed.${name}`, value: failed.high, better: 'lower', unit: 'of calls' },
  ];
}

/**
 * Calls that arrive by a Poisson process, whoever is ready or not, through both whole chains over the channel; beside it grpc-js's own
 * unary calls without any. Times count from when a call was due. The client looks at the clock all the time, so its CPU says nothing.
 */
export const openLoop: Scenario = ({ full, progress }) => {
  const { durationMs, ...rounds } = formOf(full);
  const run = async <N extends string>(pairs: Pairs<N>, { perSecond }: typeof MODERATE, to: NoInfer<N>) => {
    const load = { kind: 'open', perSecond, durationMs, inFlight: WARM_UP_IN_FLIGHT } as const;
    const compared = await compare(pairs, load, rounds);
    progress(tell(`${perSecond} calls/s offered`, compared, to));
    return compared.figures;
  };
  return withPairs({ bare: openPair('bare'), channel: openPair('channel') }, async (pairs) => {
    const moderate = await run(pairs, MODERATE, 'bare');
    const heavy = await run({ channel: pairs.channel }, HEAVY, 'channel');
    return [
      ...measuresOf('4000', moderate.channel, MODERATE.barMs),
      ...measuresOf('unary.4000', moderate.bare),
      ...measuresOf('35000', heavy.channel, HEAVY.barMs),
    ];
  });
};
