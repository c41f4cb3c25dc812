import { compare, type Comparison } from '../compare.ts';
import { formOf } from '../form.ts';
import type { Measure, Scenario } from '../measure.ts';
import { openPair } from '../open-pair.ts';
import { openPeers } from '../peers/open-peers.ts';
import { rateMeasures } from '../rate-measures.ts';
import { tell } from '../tell.ts';
import { withPairs } from '../with-pairs.ts';

const KIT = 'channel';
/** How many times as many calls as each. `http2` is told: what one HTTP/2 stream a call can reach at all. */
const BARS: Readonly<Record<string, number>> = { 'nice-grpc': 18, 'connect-node': 18, nestjs: 18, cpp: 1 };
const BARRED_IN_FLIGHT = 64;
/** Enough for a peer that makes 1,500 calls a second. */
const WARM_UP = 4_000;

function against(inFlight: number, compared: Comparison<string>): Measure[] {
  const others = compared.names.filter((name) => !name.endsWith(KIT));
  return others.map((name): Measure => {
    const bar = inFlight === BARRED_IN_FLIGHT ? BARS[name] : undefined;
    return {
      name: `channel.vs-${name}.c${inFlight}`,
      value: compared.ratio(KIT, name).median,
      ...(bar !== undefined && { bar }),
      better: 'higher',
      unit: 'x',
    };
  });
}

/**
 * The kit's whole chain over the channel against what else a user could pick, each with its own middleware: nice-grpc, connect-node,
 * NestJS; the C++ library's asynchronous unary calls without any; Node's HTTP/2 with hand framing, one stream a call, which is the limit for
 * unary calls on Node; bare grpc-js. Beside them the channel without interceptors.
 */
export const peers: Scenario = async ({ full, progress }) => {
  const open = {
    [KIT]: openPair('channel'),
    'bare-channel': openPair('bare-channel'),
    bare: openPair('bare'),
    http2: openPair('http2'),
    ...(await openPeers(progress)),
  };
  return withPairs(open, async (pairs) => {
    const { durationMs, rounds } = formOf(full);
    const measures: Measure[] = [];
    for (const inFlight of full ? [64, 1, 16, 256] : [64]) {
      const load = { kind: 'unary', inFlight, durationMs } as const;
      const warmUp = inFlight === 64 ? WARM_UP : 500;
      const compared = await compare<string>(pairs, load, { rounds, warmUp });
      progress(tell(`peers, ${inFlight} in flight`, compared, 'bare'));
      measures.push(...against(inFlight, compared), ...rateMeasures('channel.peers', inFlight, compared));
    }
    return measures;
  });
};
