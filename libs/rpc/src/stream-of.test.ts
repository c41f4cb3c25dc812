import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { MessageStream, type Tap } from './message-stream.ts';
import { Code, RpcError } from './status.ts';
import { streamOf, tap } from './stream-of.ts';

const torn = new RpcError(Code.DATA_LOSS, 'torn');

async function* each(messages: readonly unknown[], error?: unknown): AsyncIterable<unknown> {
  yield* messages;
  if (error !== undefined) throw error;
}

/** Says what it saw, in whose turn. */
function noting(notes: unknown[], name: string): Tap {
  return {
    asked: () => notes.push(`${name} asked`),
    message: (message) => void notes.push(`${name} ${String(message)}`),
    finished: (error) => notes.push([name, error?.message]),
  };
}

test('all taps are on one stream, and see each message in the order they came', async () => {
  const notes: unknown[] = [];
  const inner = tap(each(['a']), noting(notes, 'inner'));
  const outer = tap(inner, noting(notes, 'outer'));
  expect(outer).toBe(inner);
  expect(await Array.fromAsync(outer)).toEqual(['a']);
  expect(notes).toEqual([
    'inner asked',
    'outer asked',
    'inner a',
    'outer a',
    'inner asked',
    'outer asked',
    ['inner', undefined],
    ['outer', undefined],
  ]);
});

test('a stream that is being read is wrapped, so that its reader sees no difference', async () => {
  const stream = streamOf(each(['a', 'b']));
  const reader = stream[Symbol.asyncIterator]();
  expect(await reader.next()).toEqual({ done: false, value: 'a' });
  const seen: unknown[] = [];
  const around = tap(stream, { message: (message) => void seen.push(message) });
  expect(around).not.toBe(stream);
  expect(await Array.fromAsync(around)).toEqual(['b']);
  expect(seen).toEqual(['b']);
});

test('a message that a tap drops is seen by none after it, and the reader gets the next', async () => {
  const seen: unknown[] = [];
  const stream = tap(each(['a', 'drop', 'b']), { message: (message) => message !== 'drop' });
  stream.tap({ message: (message) => void seen.push(message) });
  expect(await Array.fromAsync(stream)).toEqual(['a', 'b']);
  expect(seen).toEqual(['a', 'b']);
});

test.each(['read ahead', 'awaited'])('what was %s can be dropped', async (when) => {
  const stream = new MessageStream({ pull: () => undefined, leave: () => undefined }, 1_000);
  stream.tap({ message: (message) => message !== 'drop' });
  const early = when === 'awaited' ? stream.next() : undefined;
  for (const message of ['drop', 'drop', 'a']) stream.push(message, 10);
  expect(await (early ?? stream.next())).toEqual({ done: false, value: 'a' });
});

test('a tap that throws ends the stream with that, and its source is left', async () => {
  let closed = false;
  async function* source(): AsyncIterable<unknown> {
    try {
      for (;;) yield 'a';
    } finally {
      closed = true;
    }
  }
  const ends: unknown[] = [];
  const stream = tap(source(), {
    message: () => {
      throw torn;
    },
    finished: (error) => ends.push(error),
  });
  await expect(stream.next()).rejects.toBe(torn);
  await setImmediate();
  expect([closed, ends, await stream.next()]).toEqual([true, [torn], { done: true, value: undefined }]);
});

test('who is first says how it ends, and the next says so of that', async () => {
  const ends: unknown[] = [];
  const stream = tap(each(['a'], new Error('secret')), { finished: (error) => ends.push(error?.message) });
  stream.tap({ ending: (error) => error && torn });
  stream.tap({ finished: (error) => ends.push(error?.message) });
  stream.tap({ ending: () => undefined });
  stream.tap({ finished: (error) => ends.push(error?.message) });
  expect(await Array.fromAsync(stream)).toEqual(['a']);
  expect(ends).toEqual(['internal error', 'torn', undefined]);
});

test('a good end can be made a bad one, after the last message', async () => {
  const stream = tap(each(['a']), { ending: () => torn });
  expect((await stream.next()).value).toBe('a');
  await expect(stream.next()).rejects.toBe(torn);
});

test('breaking it off frees the reader at once, although the source hangs', async () => {
  const ends: unknown[] = [];
  const hanging = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
  const stream = tap(hanging, { finished: (error) => ends.push(error) });
  const next = stream.next();
  stream.fail(torn);
  stream.fail(new Error('again'));
  await expect(next).rejects.toBe(torn);
  expect(ends).toEqual([torn]);
});

test('broken off while nobody reads, it is over at once for all who watch', async () => {
  const ends: unknown[] = [];
  const stream = tap(each(['a']), { finished: (error) => ends.push(error) });
  stream.fail(torn);
  expect(ends).toEqual([torn]);
  await expect(stream.next()).rejects.toBe(torn);
});

test('leaving does not wait for a source that hangs, but for one that cleans up', async () => {
  const hanging = streamOf({
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
  });
  const waiting = hanging.next();
  expect(await hanging.return()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
  let closed = false;
  async function* source(): AsyncIterable<unknown> {
    try {
      yield 'a';
    } finally {
      await setImmediate();
      closed = true;
    }
  }
  for await (const _ of streamOf(source())) break;
  expect(closed).toBe(true);
});

test('what is inserted goes to a reader that waits, past all taps, and takes no message away', async () => {
  const seen: unknown[] = [];
  let pulls = 0;
  const stream = new MessageStream({ pull: () => (pulls += 1), leave: () => undefined });
  stream.tap({ message: (message) => void seen.push(message) });
  stream.insert('nobody waits');
  const first = stream.next();
  stream.insert('beat');
  expect((await first).value).toBe('beat');
  const second = stream.next();
  stream.push('a');
  expect((await second).value).toBe('a');
  expect([pulls, seen]).toEqual([1, ['a']]);
});

test('an iterator that throws instead of rejecting, or throws nothing, ends its stream', async () => {
  const rude = (error: unknown) => ({
    [Symbol.asyncIterator]: () => ({
      next: (): Promise<IteratorResult<unknown>> => {
        throw error;
      },
    }),
  });
  await expect(streamOf(rude(torn)).next()).rejects.toBe(torn);
  await expect(streamOf(rude(undefined)).next()).rejects.toThrow();
});
