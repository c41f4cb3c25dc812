import type { Measure } from '../measure.ts';
import { barChart, type Bar } from './bar-chart.ts';
import { lineChart, type Line } from './line-chart.ts';

/** Who is shown, by the name in the measures. */
const LABELS: Readonly<Record<string, string>> = {
  channel: 'channel, whole chain',
  'bare-channel': 'channel, no interceptors',
  cpp: 'C++ gRPC, bare',
  http2: 'node:http2 by hand',
  bare: 'grpc-js, bare',
  'nice-grpc': 'nice-grpc, its middleware',
  nestjs: 'NestJS, its interceptors',
  'connect-node': 'connect-node, interceptor',
};
const KIT = ['channel', 'bare-channel'];
const IN_FLIGHT = [1, 16, 64, 256];
const BARS_IN_FLIGHT = 64;
const NOTE = 'client and server on a core each, an order of 117 bytes, a reply of 59';

/** The two runs that tell rates, `channel.peers.rate.<who>.c<in flight>`: the one with everybody in it first. */
const RUNS = ['channel.peers.rate', 'channel.rate'];

/** The rates of one run, a line for each who was in it. Figures of different runs do not belong in one picture. */
function linesOf(measures: readonly Measure[], run: string): readonly Line[] {
  const values = new Map(measures.map(({ name, value }) => [name, value]));
  const lines = Object.entries(LABELS).map(([who, label]) => {
    const rates = IN_FLIGHT.map((inFlight) => [inFlight, values.get(`${run}.${who}.c${inFlight}`)] as const);
    const points = rates.filter((point): point is readonly [number, number] => point[1] !== undefined);
    return { label, isKit: KIT.includes(who), points };
  });
  return lines.filter(({ points }) => points.length > 0);
}

function barsOf(lines: readonly Line[]): readonly Bar[] {
  return lines.flatMap(({ points, ...line }) =>
    points.filter(([inFlight]) => inFlight === BARS_IN_FLIGHT).map(([, value]) => ({ ...line, value })),
  );
}

/** The pictures that some measures make, by file name; none of what was not measured. */
export function createCharts(measures: readonly Measure[]): Readonly<Record<string, string>> {
  const runs = RUNS.map((run) => linesOf(measures, run));
  const bars = runs.map(barsOf).find(({ length }) => length > 0);
  const lines = runs.find((run) => run.some(({ points }) => points.length > 1));
  const title = 'Unary calls a second';
  return {
    ...(bars && {
      'calls-per-second.svg': barChart({ title: `${title}, ${BARS_IN_FLIGHT} in flight`, note: NOTE }, bars),
    }),
    ...(lines && { 'in-flight.svg': lineChart({ title, note: NOTE, below: 'calls in flight' }, lines) }),
  };
}
