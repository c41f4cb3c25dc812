import { compare } from '../compare.ts';
import { cpuRatio } from '../cpu-ratio.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const BAR = 0.9;
const KINDS = [
  { kind: 'serverStream', name: 'server-stream', inFlight: 1 },
  { kind: 'bidi', name: 'bidi', inFlight: 64 },
] as const;

/** A message of an open stream through both whole chains, against bare grpc-js; bidi as ping-pong with a window of 64. */
export const streams: Scenario = ({ full, progress }) =>
  withPairs({ bare: openPair('bare'), full: openPair('full') }, async (pairs) => {
    const measures: Measure[] = [];
    for (const { kind, name, inFlight } of KINDS) {
      const load = { kind, inFlight, durationMs: full ? 5_000 : 1_500 };
      const compared = await compare(pairs, load, { rounds: full ? 11 : 5, warmUp: 100_000 });
      progress(tell(name, compared, 'bare'));
      measures.push(
        {
          name: `interceptors.${name}-vs-bare`,
          value: compared.ratio('full', 'bare').median,
          bar: BAR,
          better: 'higher',
          unit: 'x',
        },
        {
          name: `interceptors.${name}-cpu-vs-bare`,
          value: cpuRatio(compared.figures.full, compared.figures.bare),
          better: 'higher',
          unit: 'x',
        },
        {
          name: `interceptors.${name}`,
          value: compared.figures.full.perSecond.median,
          better: 'higher',
          unit: 'messages/s',
        },
      );
    }
    return measures;
  });
