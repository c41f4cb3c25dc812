import { compare } from '../compare.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const BAR = 0.8;
const PAIRS = { raw: openPair('raw-channel'), 'bare-channel': openPair('bare-channel') };

/** What grpc-js costs below the channel: the same frames on a stream of Node's own HTTP/2, with a length before each. */
export const rawHttp2: Scenario = ({ full, progress }) =>
  withPairs(PAIRS, async (pairs) => {
    const { durationMs, ...rounds } = formOf(full);
    const measures: Measure[] = [];
    for (const inFlight of [64, 256]) {
      const compared = await compare(pairs, { kind: 'unary', inFlight, durationMs }, rounds);
      progress(tell(`raw HTTP/2, ${inFlight} in flight`, compared, 'raw'));
      measures.push({
        name: `channel.bare-vs-raw-http2.c${inFlight}`,
        value: compared.ratio('bare-channel', 'raw').median,
        bar: BAR,
        better: 'higher',
        unit: 'x',
      });
    }
    return measures;
  });
