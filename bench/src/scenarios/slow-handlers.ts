import { compare } from '../compare.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import { rateMeasures } from '../rate-measures.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const CASES = [
  { inFlight: 256, bar: 10 },
  { inFlight: 1_024, bar: 20 },
];

/**
 * Handlers that answer after 1 to 5 ms, so that replies trickle: over the channel against grpc-js's own unary calls, both without
 * interceptors. When the channel sends what has come together decides.
 */
export const slowHandlers: Scenario = ({ full, progress }) => {
  const open = { bare: openPair('bare', 'slow'), channel: openPair('bare-channel', 'slow') };
  return withPairs(open, async (pairs) => {
    const { durationMs, ...rounds } = formOf(full);
    const measures: Measure[] = [];
    for (const { inFlight, bar } of CASES) {
      const compared = await compare(pairs, { kind: 'unary', inFlight, durationMs }, rounds);
      progress(tell(`handlers of 1 to 5 ms, ${inFlight} in flight`, compared, 'bare'));
      measures.push(
        {
          name: `channel.slow-handlers-vs-unary.c${inFlight}`,
          value: compared.ratio('channel', 'bare').median,
          bar,
          better: 'higher',
          unit: 'x',
        },
        ...rateMeasures('channel.slow-handlers', inFlight, compared),
      );
    }
    return measures;
  });
};
