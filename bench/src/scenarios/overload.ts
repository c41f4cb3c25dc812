import { watchOthers } from '../machine-load.ts';
import type { Measure, Scenario } from '../measure.ts';
import { startPinned, type PinnedProcess } from '../pinned-process.ts';
import { createSetup } from '../setup.ts';
import type { Settled } from '../sides/outcomes.ts';
import type { Arrivals } from '../sides/arrivals.ts';

const SERVER = new URL('../sides/overload-server.ts', import.meta.url);
const CLIENT = new URL('../sides/overload-client.ts', import.meta.url);

/** What handlers do, and about how many calls a second that allows. */
const VARIANTS = [
  { work: 'cpu', about: 130 },
  { work: 'pool', about: 380 },
] as const;
const RATES = [0.8, 0.9, 1, 1.1];
const OVERLOAD = 3;
/**
 * Left to itself Node lets its young objects grow to 64 MiB, and stops for 10 to 20 ms to go through them when it has one core. With
 * this it stops more often, for 2 to 4 ms.
 */
const SMALL_YOUNG_SPACE = '--max-semi-space-size=4';

/** One variant's figures. */
interface Figures {
  readonly goodput: number;
  readonly refusalMs: number;
  readonly critical: number;
  readonly health: number;
  readonly memory: number;
}

interface Sides {
  readonly server: PinnedProcess;
  readonly client: PinnedProcess;
}

function drive({ client }: Sides, arrivals: Arrivals): Promise<Settled> {
  return client.ask<Settled>('drive', arrivals);
}

/** The most calls a second that are served well, whatever is offered. */
async function findPeak(sides: Sides, about: number, durationMs: number): Promise<number> {
  let peak = 0;
  for (const rate of RATES) {
    const { goodput } = await drive(sides, { perSecond: about * rate, durationMs, warmUpMs: 500 });
    peak = Math.max(peak, goodput);
  }
  if (peak === 0) throw new Error('overload: nothing was served');
  return peak;
}

function shareServed({ byName }: Settled, name: string): number {
  const { served = 0, sent = 0 } = byName[name] ?? {};
  return served / sent;
}

function tell(work: string, peak: number, settled: Settled): string {
  const { goodput, refusalP50Ms, refusalP99Ms, servedP50Ms, servedP99Ms, lateP99Ms, failures } = settled;
  const rounded = (ms: number): string => `${ms.toFixed(1)} ms`;
  return [
    `  ${work}: ${goodput.toFixed(0)} of ${peak.toFixed(0)} calls/s served`,
    `    refused in ${rounded(refusalP50Ms)}, p99 ${rounded(refusalP99Ms)}; sent late by p99 ${rounded(lateP99Ms)}`,
    `    served in ${rounded(servedP50Ms)}, p99 ${rounded(servedP99Ms)}; failed otherwise: ${JSON.stringify(failures)}`,
  ].join('\n');
}

async function measure(
  sides: Sides,
  { work, about }: (typeof VARIANTS)[number],
  { full, progress }: Parameters<Scenario>[0],
): Promise<Figures> {
  await drive(sides, { perSecond: about / 2, durationMs: 2_000, warmUpMs: 0 });
  const peak = await findPeak(sides, about, full ? 5_000 : 2_000);
  const memory = await sides.server.ask<number>('memory');
  const others = watchOthers();
  const settled = await drive(sides, {
    perSecond: peak * OVERLOAD,
    durationMs: full ? 60_000 : 5_000,
    warmUpMs: 1_000,
  });
  progress(tell(work, peak, settled));
  const oursMs = await sides.server.ask<number>('cpuMs');
  progress(`    ${(100 * others(oursMs + settled.cpuMs)).toFixed(0)} % of the machine had others`);
  return {
    goodput: settled.goodput / peak,
    refusalMs: settled.refusalP99Ms,
    critical: shareServed(settled, 'critical'),
    health: shareServed(settled, 'health'),
    memory: (await sides.server.ask<number>('memory')) / memory,
  };
}

async function run(variant: (typeof VARIANTS)[number], options: Parameters<Scenario>[0]): Promise<Figures> {
  const { env, close } = await createSetup();
  const start = (file: URL, core: number, arg: string): PinnedProcess =>
    startPinned(file, { core, args: [arg], env: { ...env, NODE_OPTIONS: SMALL_YOUNG_SPACE } });
  const server = start(SERVER, 0, variant.work);
  const port = await server.ask<number>('port');
  const client = start(CLIENT, 1, String(port));
  try {
    return await measure({ server, client }, variant, options);
  } finally {
    await client.stop();
    await server.stop();
    close();
  }
}

/**
 * Three times as many calls as a server can serve, by a Poisson process, one in twenty of them critical, with health checks ten times
 * a second; once for handlers that keep the process busy and once for handlers that wait for a pool. The worse of the two counts.
 */
export const overload: Scenario = async (options) => {
  const figures: Figures[] = [];
  for (const variant of VARIANTS) figures.push(await run(variant, options));
  const least = (of: (one: Figures) => number): number => Math.min(...figures.map(of));
  const most = (of: (one: Figures) => number): number => Math.max(...figures.map(of));
  const measures: readonly Measure[] = [
    { name: 'goodput', value: least((one) => one.goodput), bar: 0.8, better: 'higher', unit: 'of peak' },
    { name: 'refusal-p99', value: most((one) => one.refusalMs), bar: 10, better: 'lower', unit: 'ms' },
    { name: 'critical-served', value: least((one) => one.critical), bar: 0.999, better: 'higher', unit: '' },
    { name: 'health-served', value: least((one) => one.health), bar: 0.999, better: 'higher', unit: '' },
    { name: 'memory', value: most((one) => one.memory), bar: 1.5, better: 'lower', unit: 'of peak' },
  ];
  return measures.map((one) => ({ ...one, name: `interceptors.overload-${one.name}` }));
};
