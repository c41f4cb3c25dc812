import { expect, test } from '@jest/globals';
import { compare } from './compare.ts';
import type { PinnedProcess } from './pinned-process.ts';
import type { Pair } from './sample.ts';
import type { Driven, Load } from './sides/load.ts';
import { tell } from './tell.ts';

interface Asked {
  readonly name: string;
  readonly load: Load;
}

/** A pair that needs so many ms for a call, and writes down what it is asked. */
function createPair(name: string, msPerCall: () => number, asked: Asked[]): Pair {
  const process = (answer: (question: string, input: unknown) => unknown): PinnedProcess => ({
    ask: (question, input) => Promise.resolve(answer(question, input)) as Promise<never>,
    stop: () => Promise.resolve(),
  });
  const drive = (load: Load): Driven => {
    asked.push({ name, load });
    const ms = msPerCall();
    return { count: 100, failed: 0, wallMs: 100 * ms, cpuUs: 100, p50Ms: ms, p99Ms: 2 * ms };
  };
  return {
    client: process((_question, input) => drive(input as Load)),
    servers: [process(() => ({ user: 0, system: 0 }))],
  };
}

const LOAD = { kind: 'unary', inFlight: 64, durationMs: 1_000 } as const;

test('pairs take turns, all of them in each round, and not always the same one first', async () => {
  const asked: Asked[] = [];
  const pairs = { a: createPair('a', () => 1, asked), b: createPair('b', () => 2, asked) };
  await compare(pairs, LOAD, { rounds: 3, warmUp: 10 });
  const [warmA, warmB, ...measured] = asked;
  expect([warmA, warmB]).toMatchObject([
    { name: 'a', load: { atLeast: 10, durationMs: 0 } },
    { name: 'b', load: { atLeast: 10, durationMs: 0 } },
  ]);
  // A round that somebody else has disturbed is run again.
  const rounds = measured.flatMap(({ name }, index) =>
    index % 2 === 0 ? [[name, measured[index + 1]?.name]] : [],
  );
  expect(rounds.length).toBeGreaterThanOrEqual(3);
  for (const round of rounds) expect(round.toSorted()).toEqual(['a', 'b']);
  expect(new Set(rounds.map(([first]) => first))).toEqual(new Set(['a', 'b']));
});

test('a ratio is of one round, so what drifts with the machine is in both of its figures', async () => {
  let slowness = 1;
  // The machine gets slower all the time, but much less within a round than between them.
  const drifting = (ms: number) => () => ms * (slowness *= 1.5);
  const pairs = { fast: createPair('fast', drifting(1), []), slow: createPair('slow', drifting(10), []) };
  const compared = await compare(pairs, LOAD, { rounds: 5, warmUp: 1 });
  const { median, low, high } = compared.ratio('fast', 'slow');
  for (const ratio of [median, low, high]) expect(ratio).toBeGreaterThan(10 / 1.6);
  expect(high).toBeLessThan(10 * 1.6);
  expect(compared.ratio('slow', 'fast', 'p99Ms').median).toBeCloseTo(median, 6);
});

test('a pair can have a load of its own; calls do not wait for their time while they warm up', async () => {
  const asked: Asked[] = [];
  const plain = createPair('plain', () => 1, asked);
  const pairs = { plain, open: { ...plain, load: { kind: 'open', perSecond: 4_000 } } } as const;
  await compare(pairs, LOAD, { rounds: 1, warmUp: 10 });
  expect(asked.slice(0, 2).map(({ load }) => load.kind)).toEqual(['unary', 'unary']);
  expect(asked.slice(2, 4).map(({ load }) => load)).toEqual([
    LOAD,
    { ...LOAD, kind: 'open', perSecond: 4_000 },
  ]);
});

test('a comparison is told with rates, CPU, percentiles and ratios', async () => {
  const pairs = { bare: createPair('bare', () => 2, []), full: createPair('full', () => 1, []) };
  const compared = await compare(pairs, LOAD, { rounds: 1, warmUp: 1 });
  const [, bare, full] = tell('unary', compared, 'bare').split('\n');
  expect(bare).toBe(
    '    bare 500 (500 to 500)/s   1.0 + 0.0 us of CPU, client + server, p50 2.00 ms, p99 4.00 ms',
  );
  expect(full).toMatch(/^ {4}full 1,000 .*2\.00 \(2\.00 to 2\.00\) of bare$/);
});
