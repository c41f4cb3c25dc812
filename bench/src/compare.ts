import { figuresOf, takeSample, type Figure, type Figures, type Pair, type Sample } from './sample.ts';
import type { Load } from './sides/load.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** Those that are compared, by name. */
export type Pairs<N extends string> = Readonly<Record<N, Pair>>;

/** How often. */
export interface Rounds {
  readonly rounds: number;
  /** Calls or messages that each pair does before. */
  readonly warmUp: number;
}

type Round<N extends string> = Readonly<Record<N, Sample>>;

/** Above this share of the machine a round is disturbed, and repeated once. */
const DISTURBED = 0.08;

/** Some pairs under one load, in turns. */
export class Comparison<N extends string> {
  readonly names: readonly N[];
  readonly figures: Readonly<Record<N, Figures>>;
  readonly #rounds: readonly Round<N>[];

  constructor(names: readonly N[], rounds: readonly Round<N>[]) {
    this.names = names;
    this.#rounds = rounds;
    const entries = names.map((name) => [name, figuresOf(rounds.map((round) => round[name]))]);
    this.figures = Object.fromEntries(entries) as Record<N, Figures>;
  }

  get rounds(): number {
    return this.#rounds.length;
  }

  /** Rounds in which somebody else was busy, of all that count. */
  get disturbed(): number {
    return this.#rounds.filter(isDisturbed).length;
  }

  /** A figure of one pair by that of another, round by round. */
  ratio(of: N, to: N, figure: Figure = 'perSecond'): Spread {
    return spreadOf(this.#rounds.map((round) => round[of][figure] / round[to][figure]));
  }
}

function isDisturbed(round: Round<string>): boolean {
  return Object.values(round).some(({ others }) => others > DISTURBED);
}

/** One after the other, another one first each time: what drifts with the machine is in all of them. */
async function runRound<N extends string>(pairs: Pairs<N>, load: Load, turn: number): Promise<Round<N>> {
  const names = Object.keys(pairs) as N[];
  const first = turn % names.length;
  const round: Partial<Record<N, Sample>> = {};
  for (const name of [...names.slice(first), ...names.slice(0, first)])
    round[name] = await takeSample(pairs[name], load);
  return round as Round<N>;
}

/** Calls do not wait for their time in a warm-up. */
function warming({ kind, ...load }: Load, atLeast: number): Load {
  return { ...load, kind: kind === 'open' ? 'unary' : kind, durationMs: 0, atLeast };
}

/** Runs all pairs under one load, in turns. A disturbed round is run again; when that does not help it counts, and is counted. */
export async function compare<N extends string>(
  pairs: Pairs<N>,
  load: Load,
  { rounds, warmUp }: Rounds,
): Promise<Comparison<N>> {
  for (const pair of Object.values<Pair>(pairs))
    await takeSample({ ...pair, load: {} }, warming({ ...load, ...pair.load }, warmUp));
  const kept: Round<N>[] = [];
  for (let index = 0; index < rounds; index++) {
    const round = await runRound(pairs, load, index);
    kept.push(isDisturbed(round) ? await runRound(pairs, load, index + 1) : round);
  }
  return new Comparison(Object.keys(pairs) as N[], kept);
}
