import { watchOthers } from './machine-load.ts';
import type { PinnedProcess } from './pinned-process.ts';
import type { Driven, Load } from './sides/drive.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** A client and the server that it calls, each on a core of its own. */
export interface Pair {
  readonly client: PinnedProcess;
  readonly server: PinnedProcess;
}

/** What one round of one pair gave. */
interface Sample {
  readonly perSecond: number;
  readonly clientUs: number;
  readonly serverUs: number;
  /** The machine's share that others had. */
  readonly others: number;
}

/** What a pair did: calls or messages. */
export interface Figures {
  readonly perSecond: Spread;
  /** CPU a call or message, on each side. */
  readonly clientUs: Spread;
  readonly serverUs: Spread;
}

/** Two pairs under the same load. */
export interface Comparison {
  readonly bare: Figures;
  readonly full: Figures;
  /** Rate of the second by rate of the first, round by round. */
  readonly ratio: Spread;
  /** Rounds in which somebody else was busy, of all that count. */
  readonly disturbed: number;
  readonly rounds: number;
}

/** How often. */
export interface Rounds {
  readonly rounds: number;
  /** Calls or messages that each pair does before. */
  readonly warmUp: number;
}

/** Above this share of the machine a round is disturbed, and repeated once. */
const DISTURBED = 0.08;

async function runOnce({ client, server }: Pair, load: Load): Promise<Sample> {
  const othersDuring = watchOthers();
  const before = await server.ask<NodeJS.CpuUsage>('cpu');
  const own = process.cpuUsage();
  const { count, wallMs, cpuUs } = await client.ask<Driven>('drive', load);
  const after = await server.ask<NodeJS.CpuUsage>('cpu');
  const serverUs = after.user + after.system - before.user - before.system;
  const { user, system } = process.cpuUsage(own);
  return {
    perSecond: (count / wallMs) * 1_000,
    clientUs: cpuUs / count,
    serverUs: serverUs / count,
    others: othersDuring((cpuUs + serverUs + user + system) / 1_000),
  };
}

function figuresOf(samples: readonly Sample[]): Figures {
  const of = (pick: (sample: Sample) => number) => spreadOf(samples.map(pick));
  return {
    perSecond: of((sample) => sample.perSecond),
    clientUs: of((sample) => sample.clientUs),
    serverUs: of((sample) => sample.serverUs),
  };
}

/** One after the other, the first to go changing: what drifts with the machine is in both. */
async function runRound(pairs: Pairs, load: Load, fullFirst: boolean): Promise<Round> {
  if (fullFirst) {
    const full = await runOnce(pairs.full, load);
    return { full, bare: await runOnce(pairs.bare, load) };
  }
  const bare = await runOnce(pairs.bare, load);
  return { bare, full: await runOnce(pairs.full, load) };
}

/** grpc-js alone, and the kit. */
export interface Pairs {
  readonly bare: Pair;
  readonly full: Pair;
}

interface Round {
  readonly bare: Sample;
  readonly full: Sample;
}

const isDisturbed = ({ bare, full }: Round): boolean => Math.max(bare.others, full.others) > DISTURBED;

/** Runs both pairs under one load, in turns. A disturbed round is run again; when that does not help it counts, and is counted. */
export async function compare(pairs: Pairs, load: Load, { rounds, warmUp }: Rounds): Promise<Comparison> {
  await runRound(pairs, { ...load, durationMs: 0, atLeast: warmUp }, false);
  const kept: Round[] = [];
  for (let index = 0; index < rounds; index++) {
    let round = await runRound(pairs, load, index % 2 === 1);
    if (isDisturbed(round)) round = await runRound(pairs, load, index % 2 === 0);
    kept.push(round);
  }
  return {
    bare: figuresOf(kept.map(({ bare }) => bare)),
    full: figuresOf(kept.map(({ full }) => full)),
    ratio: spreadOf(kept.map(({ bare, full }) => full.perSecond / bare.perSecond)),
    disturbed: kept.filter(isDisturbed).length,
    rounds,
  };
}
