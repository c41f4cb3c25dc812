import { compare } from '../compare.ts';
import { cpuRatio } from '../cpu-ratio.ts';
import type { Measure, Scenario } from '../measure.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const BAR = 0.9;
const KINDS = [
  { kind: 'serverStream', name: 'server-stream', inFlight: 1 },
  { kind: 'bidi', name: 'bidi', inFlight: 64 },
] as const;

/** A message of an open stream through both whole chains, against bare grpc-js; bidi as ping-pong with a window of 64. */
export const streams: Scenario = ({ full, progress }) =>
  withPairs(async (pairs) => {
    const measures: Measure[] = [];
    for (const { kind, name, inFlight } of KINDS) {
      const load = { kind, inFlight, durationMs: full ? 5_000 : 1_500 };
      const compared = await compare(pairs, load, { rounds: full ? 11 : 5, warmUp: 100_000 });
      progress(tell(name, compared));
      measures.push(
        {
          name: `interceptors.${name}-vs-bare`,
          value: compared.ratio.median,
          bar: BAR,
          better: 'higher',
          unit: 'x',
        },
        {
          name: `interceptors.${name}-cpu-vs-bare`,
          value: cpuRatio(compared),
          better: 'higher',
          unit: 'x',
        },
        {
          name: `interceptors.${name}`,
          value: compared.full.perSecond.median,
          better: 'higher',
          unit: 'messages/s',
        },
      );
    }
    return measures;
  });
