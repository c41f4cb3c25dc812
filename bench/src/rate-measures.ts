import type { Comparison } from './compare.ts';
import type { Measure } from './measure.ts';

/** Rate, CPU on both sides and percentiles of each pair, without bars: `channel.rate.bare.c64`. */
export function rateMeasures<N extends string>(
  part: string,
  inFlight: number,
  { names, figures }: Comparison<N>,
): Measure[] {
  return names.flatMap((name): Measure[] => {
    const { perSecond, clientUs, serverUs, p50Ms, p99Ms } = figures[name];
    const of = (what: string): string => `${part}.${what}.${name}.c${inFlight}`;
    return [
      { name: of('rate'), value: perSecond.median, better: 'higher', unit: 'calls/s' },
      { name: of('client-cpu'), value: clientUs.median, better: 'lower', unit: 'us' },
      { name: of('server-cpu'), value: serverUs.median, better: 'lower', unit: 'us' },
      { name: of('p50'), value: p50Ms.median, better: 'lower', unit: 'ms' },
      { name: of('p99'), value: p99Ms.median, better: 'lower', unit: 'ms' },
    ];
  });
}
