import type { Measure, Scenario } from '../measure.ts';
import { openMemoryPair } from '../memory-pair.ts';
import type { PinnedProcess } from '../pinned-process.ts';
import type { Flooded } from '../sides/flood.ts';
import type { Footprint } from '../sides/footprint.ts';
import type { VariantName } from '../sides/variants.ts';
import { withPairs } from '../with-pairs.ts';

const KIB = 1_024;
const MIB = 1_024 * KIB;

const IDLE = { count: 200, warmUp: 40, barKiB: 64 };
const FLOOD = 100_000;
/** Calls before anything is counted: what is compiled or cached once is no growth. */
const MANY_WARM_UP = 50_000;
/** What a million calls may leave behind: a byte a call is less than the smallest object. */
const MANY_BAR_MIB = 1;

interface Sides {
  readonly client: PinnedProcess;
  readonly server: PinnedProcess;
}

/** What both hold on to, by the name of the side. */
async function footprints({ client, server }: Sides): Promise<readonly (readonly [string, Footprint])[]> {
  return [
    ['client', await client.ask<Footprint>('footprint')],
    ['server', await server.ask<Footprint>('footprint')],
  ];
}

/** Does something, and says what each side holds on to before and after. */
async function around(sides: Sides, work: () => Promise<unknown>) {
  const before = await footprints(sides);
  await work();
  const after = await footprints(sides);
  return before.map(([side, one], index) => ({ side, before: one, after: (after[index] ?? ['', one])[1] }));
}

function withSides<T>(variant: VariantName, work: (sides: Sides) => Promise<T>, slow = false): Promise<T> {
  const pair = openMemoryPair(variant, slow ? 'slow' : 'instant');
  return withPairs({ pair }, ({ pair: { client, servers } }) => {
    const [server] = servers;
    if (!server) throw new Error('a pair without a server');
    return work({ client, server });
  });
}

/** An open transport on which nothing happens, over the channel and, told beside it, with plain connections. */
async function measureIdle(progress: (text: string) => void): Promise<Measure[]> {
  const measures: Measure[] = [];
  for (const channel of [false, true]) {
    const grown = await withSides('bare-channel', async (sides) => {
      await sides.client.ask('openIdle', { count: IDLE.warmUp, channel });
      await sides.client.ask('closeIdle');
      return around(sides, () => sides.client.ask('openIdle', { count: IDLE.count, channel }));
    });
    const what = channel ? 'idle-channel' : 'idle-connection';
    for (const { side, before, after } of grown) {
      const heap = (after.heapBytes - before.heapBytes) / IDLE.count / KIB;
      const rss = (after.rssBytes - before.rssBytes) / IDLE.count / KIB;
      progress(
        `  ${what}, ${side}: ${heap.toFixed(1)} KiB in the heap and beside it, ${rss.toFixed(1)} of all memory`,
      );
      const bar = channel ? { bar: IDLE.barKiB } : {};
      measures.push(
        { name: `channel.${what}.${side}`, value: heap, ...bar, better: 'lower', unit: 'KiB' },
        { name: `channel.${what}-rss.${side}`, value: rss, better: 'lower', unit: 'KiB' },
      );
    }
  }
  return measures;
}

/** More calls at once than any window takes, to handlers that are slow. */
function measureFlood(progress: (text: string) => void): Promise<Measure[]> {
  const work = async (sides: Sides): Promise<Measure[]> => {
    let flooded: Flooded = { answered: 0, refused: {}, unexplained: FLOOD };
    const grown = await around(sides, async () => {
      flooded = await sides.client.ask<Flooded>('flood', { count: FLOOD });
    });
    const inFlight = await sides.server.ask<number>('mostInFlight');
    const { answered, refused, unexplained } = flooded;
    progress(
      `  ${FLOOD} calls at once: ${answered} answered, refused ${JSON.stringify(refused)}, ${unexplained} failed otherwise, at most ${inFlight} in flight`,
    );
    return [
      { name: 'channel.flood-unexplained', value: unexplained, bar: 0, better: 'lower', unit: 'calls' },
      { name: 'channel.flood-answered', value: answered, better: 'higher', unit: 'calls' },
      { name: 'channel.flood-in-flight', value: inFlight, better: 'lower', unit: 'calls' },
      ...grown.map(({ side, before, after }): Measure => {
        const most = (after.mostRssBytes - before.rssBytes) / MIB;
        progress(`    ${side}: ${most.toFixed(0)} MiB more at most`);
        return { name: `channel.flood-memory.${side}`, value: most, better: 'lower', unit: 'MiB' };
      }),
    ];
  };
  return withSides('bare-channel', work, true);
}

/** Through both whole chains, each with a deadline, all with one AbortSignal. */
function measureMany({ full, progress }: Parameters<Scenario>[0]): Promise<Measure[]> {
  const calls = full ? 1_000_000 : 100_000;
  const load = (atLeast: number) => ({ kind: 'unary', inFlight: 64, durationMs: 0, atLeast });
  return withSides('channel', async (sides) => {
    await sides.client.ask('drive', load(MANY_WARM_UP));
    const grown = await around(sides, () => sides.client.ask('drive', load(calls)));
    return grown.flatMap(({ side, before, after }): Measure[] => {
      const heap = (after.heapBytes - before.heapBytes) / MIB;
      const timers = after.timers - before.timers;
      const listeners = after.listeners - before.listeners + after.listenerWarnings;
      progress(
        `  ${calls} calls, ${side}: ${heap.toFixed(2)} MiB, ${listeners} listeners, ${timers} timers more than before`,
      );
      const of = (what: string): string => `channel.many-calls-${what}.${side}`;
      return [
        { name: of('heap'), value: heap, bar: MANY_BAR_MIB, better: 'lower', unit: 'MiB' },
        { name: of('listeners'), value: listeners, bar: 0, better: 'lower', unit: 'more' },
        { name: of('timers'), value: timers, bar: 0, better: 'lower', unit: 'more' },
      ];
    });
  });
}

/** What idle channels cost, what more calls at once than the window takes cost, and what is left of very many calls: nothing. */
export const memory: Scenario = async (options) => [
  ...(await measureIdle(options.progress)),
  ...(await measureFlood(options.progress)),
  ...(await measureMany(options)),
];
