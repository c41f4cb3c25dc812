import { compare, type Comparison } from '../compare.ts';
import { cpuRatio } from '../cpu-ratio.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const BAR = 0.75;

function measuresOf(inFlight: number, compared: Comparison<'bare' | 'full'>): Measure[] {
  const { bare, full } = compared.figures;
  const cpu = (of: 'clientUs' | 'serverUs'): Measure => ({
    name: `interceptors.unary.${of === 'clientUs' ? 'client' : 'server'}-cpu.c${inFlight}`,
    value: full[of].median - bare[of].median,
    better: 'lower',
    unit: 'us over bare',
  });
  return [
    {
      name: `interceptors.unary-vs-bare.c${inFlight}`,
      value: compared.ratio('full', 'bare').median,
      ...(inFlight === 64 && { bar: BAR }),
      better: 'higher',
      unit: 'x',
    },
    {
      name: `interceptors.unary-cpu-vs-bare.c${inFlight}`,
      value: cpuRatio(full, bare),
      better: 'higher',
      unit: 'x',
    },
    {
      name: `interceptors.unary.c${inFlight}`,
      value: full.perSecond.median,
      better: 'higher',
      unit: 'calls/s',
    },
    cpu('clientUs'),
    cpu('serverUs'),
  ];
}

/** A unary call through both whole chains, one trace in a hundred sampled, against bare grpc-js. */
export const unary: Scenario = ({ full, progress }) =>
  withPairs({ bare: openPair('bare'), full: openPair('full') }, async (pairs) => {
    const measures: Measure[] = [];
    for (const inFlight of [64, 1, 256]) {
      const load = { kind: 'unary', inFlight, durationMs: full ? 5_000 : 1_500 } as const;
      const compared = await compare(pairs, load, {
        rounds: full ? 11 : 5,
        warmUp: inFlight === 64 ? 20_000 : 1_000,
      });
      progress(tell(`unary, ${inFlight} in flight`, compared, 'bare'));
      measures.push(...measuresOf(inFlight, compared));
    }
    return measures;
  });
