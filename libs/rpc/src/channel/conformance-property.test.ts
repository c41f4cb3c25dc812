import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Code, RpcError, timers } from '../index.ts';
import type { Rig, RigOptions } from '../testing.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

const LIMIT = 300_000;

/** What its handler does with a call. */
type Fate = { readonly answer: number } | { readonly code: Code } | 'accident' | 'never' | 'nonsense';

/** One call of a sequence. */
interface Wanted {
  readonly bytes: number;
  /** Turns of the event loop before it is made, and before it is answered; -1 for a few ms. */
  readonly afterTurns: number;
  readonly handlerTurns: number;
  readonly fate: Fate;
  /** Turns before its caller cancels it; undefined for not. */
  readonly cancelTurns: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

const sizes = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 16_300, max: 16_500 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: LIMIT + 1_000 }) },
);
const turns = fc.integer({ min: 0, max: 4 });
const ordinary = {
  bytes: sizes,
  afterTurns: turns,
  handlerTurns: fc.integer({ min: -1, max: 4 }),
  metadata: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom({}, { 'x-a': 'b' }, { 'x-a': 'c', 'x-b': 'b' }) },
    { weight: 1, arbitrary: fc.constantFrom({ te: 'x' }, { 'x-a': 'ü' }) },
  ),
};
const answered = fc.record({
  ...ordinary,
  fate: fc.oneof(
    { weight: 4, arbitrary: sizes.map((answer): Fate => ({ answer })) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 16 }).map((code) => ({ code }) as Fate) },
    { weight: 1, arbitrary: fc.constantFrom<Fate>('accident', 'nonsense') },
  ),
  cancelTurns: fc.constant(undefined),
  timeoutMs: fc.constantFrom(undefined, undefined, 60_000),
});
/** Their end is their caller's: a race with an answer could end in two ways. */
const abandoned = fc.record({
  ...ordinary,
  fate: fc.constant<Fate>('never'),
  cancelTurns: turns,
  timeoutMs: fc.constantFrom(undefined, 60_000),
});
const late = fc.record({
  ...ordinary,
  fate: fc.constant<Fate>('never'),
  cancelTurns: fc.constant(undefined),
  timeoutMs: fc.constantFrom(-1, 0, 2, 20),
});
const sequences = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: answered },
    { weight: 2, arbitrary: abandoned },
    { weight: 1, arbitrary: late },
  ),
  { minLength: 1, maxLength: 40 },
);

async function pass(count: number): Promise<void> {
  if (count < 0) await delay(3);
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

/** How often each call has run, by its name: that of its sequence, one of a rig, and its place in it. */
const runs = new Map<string, number>();
/** By their names. One that was cancelled may come after the next sequence has begun. */
const wanted = new Map<string, Wanted>();
let sequenceCount = 0;

async function serve({ text }: { text: string }): Promise<{ text: string }> {
  const name = text.slice(0, text.indexOf(' '));
  runs.set(name, (runs.get(name) ?? 0) + 1);
  const { fate, handlerTurns } = wanted.get(name) as Wanted;
  await pass(handlerTurns);
  if (fate === 'never') return new Promise(() => undefined);
  if (fate === 'accident') throw new Error('by accident');
  if (fate === 'nonsense') return { sample: 5 } as never;
  if ('code' in fate)
    throw new RpcError(fate.code, `failed ${fate.code}`, { reason: 'WANTED', retryDelayMs: 5 });
  return { text: `${name} ${'x'.repeat(fate.answer)}` };
}

/** Whether nothing keeps it from its handler. */
function mustRun({ fate, metadata, bytes }: Wanted): boolean {
  return fate !== 'never' && !('te' in metadata) && metadata['x-a'] !== 'ü' && bytes < LIMIT - 100;
}

async function outcomeOf({ client }: Rig, one: Wanted, name: string): Promise<string> {
  await pass(one.afterTurns);
  const controller = new AbortController();
  const { cancelTurns, timeoutMs, metadata } = one;
  if (cancelTurns !== undefined) void pass(cancelTurns).then(() => controller.abort());
  const text = `${name} ${'x'.repeat(one.bytes)}`;
  const options = {
    metadata,
    ...(cancelTurns !== undefined && { signal: controller.signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
  try {
    const reply = await client.echo({ text }, options);
    return `${reply.text.startsWith(`${name} `)} ${reply.text.length - name.length}`;
  } catch (error) {
    const { code, reason, message, retryDelayMs } = error as RpcError;
    // Which limit it was is said by whoever looks first.
    const words = code === Code.RESOURCE_EXHAUSTED && reason !== 'WANTED' ? '' : message;
    return [code, reason, words, retryDelayMs].join(' ');
  }
}

const rigs: Rig[] = [];

beforeAll(async () => {
  const handlers: RigOptions['handlers'] = { echo: serve };
  const limits = { server: { maxMessageBytes: LIMIT }, client: { maxMessageBytes: LIMIT } };
  for (const way of WAYS) rigs.push(await createRigFor(way, { handlers, limits }));
});
afterAll(async () => {
  for (const rig of rigs) await rig.close();
  expect(timers.size).toBe(0);
});

test('any sequence of calls has the same outcomes on a channel as on streams of their own', async () => {
  const property = fc.asyncProperty(sequences, async (sequence) => {
    const outcomes: (readonly string[])[] = [];
    for (const rig of rigs) {
      const names = sequence.map((_, index) => `${sequenceCount}.${index}`);
      sequenceCount += 1;
      for (const [index, one] of sequence.entries()) wanted.set(names[index] ?? '', one);
      outcomes.push(await Promise.all(sequence.map((one, index) => outcomeOf(rig, one, names[index] ?? ''))));
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });
  await fc.assert(property, { numRuns: 60 });
  const twice = [...runs].filter(([, count]) => count > 1);
  const missing = [...wanted].filter(([name, one]) => mustRun(one) && !runs.has(name));
  expect([twice, missing]).toEqual([[], []]);
}, 120_000);
