import { watchOthers } from './machine-load.ts';
import type { PinnedProcess } from './pinned-process.ts';
import type { Driven, Load } from './sides/load.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** A client and what it calls, on cores of their own. */
export interface Pair {
  readonly client: PinnedProcess;
  /** That which is called first; what that one calls comes after it. */
  readonly servers: readonly PinnedProcess[];
  /** Where this pair's load is another than that of those beside it. */
  readonly load?: Partial<Load>;
}

/** What one round of one pair gave. */
export interface Sample {
  readonly perSecond: number;
  /** CPU a call or message, of the client and of all servers. */
  readonly clientUs: number;
  readonly serverUs: number;
  /** How long unary calls took. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of all calls. */
  readonly failed: number;
  /** The machine's share that others had. */
  readonly others: number;
}

/** What can be told of a pair's rounds. */
export type Figure = Exclude<keyof Sample, 'others'>;

/** What a pair did: calls or messages. */
export type Figures = Readonly<Record<Figure, Spread>>;

async function cpuOf(processes: readonly PinnedProcess[]): Promise<number> {
  const used = await Promise.all(processes.map((one) => one.ask<NodeJS.CpuUsage>('cpu')));
  return used.reduce((sum, { user, system }) => sum + user + system, 0);
}

/** Puts a load on one pair, once. */
export async function takeSample({ client, servers, load: own }: Pair, load: Load): Promise<Sample> {
  const othersDuring = watchOthers();
  const before = await cpuOf(servers);
  const mine = process.cpuUsage();
  const driven = await client.ask<Driven>('drive', { ...load, ...own });
  const serverUs = (await cpuOf(servers)) - before;
  const { user, system } = process.cpuUsage(mine);
  const { count, failed, wallMs, cpuUs, p50Ms, p99Ms } = driven;
  return {
    perSecond: (count / wallMs) * 1_000,
    clientUs: cpuUs / count,
    serverUs: serverUs / count,
    p50Ms,
    p99Ms,
    failed: failed / (count + failed),
    others: othersDuring((cpuUs + serverUs + user + system) / 1_000),
  };
}

/** All of a pair's rounds together. */
export function figuresOf(samples: readonly Sample[]): Figures {
  const of = (figure: Figure): Spread => spreadOf(samples.map((sample) => sample[figure]));
  return {
    perSecond: of('perSecond'),
    clientUs: of('clientUs'),
    serverUs: of('serverUs'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    failed: of('failed'),
  };
}
