import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import type { OpenResponse } from '@millrace/contracts/channel';
import { EchoRequestSchema } from '@millrace/contracts/testing';
import { Code } from '../index.ts';
import { createServerEnd, PATHS, type ServerEnd } from '../testing/channel-ends.ts';

const ECHO = PATHS.findIndex((path) => path.endsWith('/Echo'));
const MEBIBYTE = 1024 * 1024;
const MOST = 2 ** 32 - 1;

/** Asks for a reply of so many bytes and a few. */
const ask = (id: number, bytes: number) => ({
  id,
  method: ECHO,
  body: {
    case: 'payload' as const,
    value: toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: `${bytes}` })),
  },
});

function createAnswering(limits: Parameters<typeof createServerEnd>[1] = {}): ServerEnd {
  return createServerEnd({ echo: ({ text }) => Promise.resolve({ text: 'x'.repeat(Number(text)) }) }, limits);
}

const repliesOf = (frames: readonly OpenResponse[]) => frames.flatMap(({ replies }) => replies);
const chunksOf = (frames: readonly OpenResponse[]) =>
  frames.flatMap(({ chunks }) => chunks.map(({ id }) => id));

/** One that has heard how much its client takes. */
function createGranted(longBytes: number): ServerEnd {
  const end = createAnswering({ hello: false });
  end.send({ hello: { version: 1, limits: { messageBytes: 4 * MEBIBYTE, longBytes } } });
  return end;
}

test('a long reply begins when there is room for all of it', async () => {
  const end = createGranted(MEBIBYTE);
  end.send({ calls: [ask(1, 600_000), ask(2, 600_000), ask(3, 100)] });
  const first = await end.take();
  expect(
    repliesOf(first)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual([1, 3]);
  expect(new Set(chunksOf(first))).toEqual(new Set([1]));
  end.send({ creditBytes: 600_004 });
  const second = await end.take();
  expect(repliesOf(second).map(({ id }) => id)).toEqual([2]);
  expect(chunksOf(second)).toHaveLength(Math.ceil(600_004 / 16_384));
});

test('long replies take turns', async () => {
  const end = createAnswering();
  end.send({ calls: [ask(1, 200_000), ask(2, 50_000), ask(3, 100_000)] });
  const ids = chunksOf(await end.take());
  expect(ids.slice(0, 9)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
  expect(ids.at(-1)).toBe(1);
});

test('a reply that is cancelled before it begins is one word, and its place is free', async () => {
  const end = createGranted(MEBIBYTE);
  end.send({ calls: [ask(1, 600_000), ask(2, 600_000), ask(3, 300_000)] });
  await end.take();
  end.send({ cancels: [2, 2] });
  expect(repliesOf(await end.take()).map(({ id, code }) => [id, code])).toEqual([[2, Code.CANCELLED]]);
  end.send({ creditBytes: 600_004 });
  const frames = await end.take();
  expect(repliesOf(frames).map(({ id, code }) => [id, code])).toEqual([[3, 0]]);
  expect(new Set(chunksOf(frames))).toEqual(new Set([3]));
});

test('nothing more is sent of a reply that is cancelled half way', async () => {
  const end = createAnswering();
  await end.take();
  end.pipe.isStuck = true;
  end.send({ calls: [ask(1, MEBIBYTE), ask(2, 100_000)] });
  const first = await end.take();
  expect(
    repliesOf(first)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual([1, 2]);
  expect(chunksOf(first).length).toBeLessThan(8);
  end.send({ cancels: [1] });
  end.pipe.isStuck = false;
  end.pipe.release(Infinity);
  const rest = await end.take();
  expect(repliesOf(rest)).toEqual([]);
  expect(new Set(chunksOf(rest))).toEqual(new Set([2]));
  end.send({ calls: [ask(3, 10)] });
  expect(repliesOf(await end.take()).map(({ id }) => id)).toEqual([3]);
});

test.each([
  ['messages', { messageBytes: 100_000, longBytes: 2 ** 31 }],
  ['long messages', { messageBytes: 2 ** 31, longBytes: 100_000 }],
  ['nothing', {}],
])('a client that takes only short %s gets no longer ones', async (_what, limits) => {
  const end = createAnswering({ hello: false });
  end.send({ hello: { version: 1, limits } });
  end.send({ calls: [ask(1, 100_001), ask(2, 10)] });
  expect(
    repliesOf(await end.take())
      .map(({ id, code }) => [id, code])
      .toSorted(),
  ).toEqual([
    [1, Code.RESOURCE_EXHAUSTED],
    [2, 0],
  ]);
});

test.each([100, 15_000, 300_000])(
  'a client that reads nothing and goes on asking for %d bytes is sent away',
  async (bytes) => {
    const end = createAnswering();
    await end.take();
    end.pipe.isStuck = true;
    let calls = 0;
    while (end.ended.length === 0 && calls < 100_000) {
      end.send({ calls: Array.from({ length: 100 }, (_, index) => ask(calls + index + 1, bytes)) });
      calls += 100;
      await end.take();
    }
    expect(end.ended).toEqual([expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED })]);
    expect(calls).toBeLessThan(15_000);
  },
);

test('a client that reads nothing and takes back what it asks for is sent away', async () => {
  const end = createAnswering();
  await end.take();
  end.pipe.isStuck = true;
  let calls = 0;
  while (end.ended.length === 0 && calls < 100_000) {
    const ids = Array.from({ length: 100 }, (_, index) => calls + index + 1);
    end.send({ calls: ids.map((id) => ask(id, 10_000)) });
    end.send({ cancels: ids });
    calls += 100;
    await end.take();
  }
  expect(end.ended).toEqual([expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED })]);
  expect(calls).toBeLessThan(15_000);
});

test('calls begin when what was asked for before has left, in their order', async () => {
  const end = createAnswering();
  await end.take();
  end.pipe.isStuck = true;
  const frames: OpenResponse[] = [];
  for (let batch = 0; batch < 6; batch++) {
    end.send({ calls: Array.from({ length: 100 }, (_, index) => ask(batch * 100 + index + 1, 10_000)) });
    frames.push(...(await end.take()));
  }
  end.send({ cancels: [599] });
  expect(repliesOf(frames).length).toBeLessThan(200);
  end.pipe.isStuck = false;
  end.pipe.release(Infinity);
  for (let turn = 0; turn < 10; turn++) frames.push(...(await end.take()));
  const replies = repliesOf(frames);
  const answered = replies.filter(({ code }) => code === 0).map(({ id }) => id);
  expect(answered).toEqual(Array.from({ length: 600 }, (_, index) => index + 1).filter((id) => id !== 599));
  const others = replies.filter(({ code }) => code !== 0).map(({ id, code }) => [id, code]);
  expect(others).toEqual([[599, Code.CANCELLED]]);
});

test('credits without end are worth no more than what was taken', async () => {
  const end = createGranted(MOST);
  for (let count = 0; count < 1_000; count++) end.send({ creditBytes: MOST });
  await end.take();
  end.pipe.isStuck = true;
  // Four of them have room, the others wait, and no other begins.
  end.send({ calls: Array.from({ length: 30 }, (_, index) => ask(index + 1, 4 * MEBIBYTE - 10)) });
  const ids = new Set(repliesOf(await end.take()).map(({ id }) => id));
  end.send({ calls: Array.from({ length: 30 }, (_, index) => ask(index + 101, 100)) });
  expect(repliesOf(await end.take())).toEqual([]);
  end.pipe.isStuck = false;
  end.pipe.release(Infinity);
  while (ids.size < 60) {
    const frames = await end.take();
    for (const { id } of repliesOf(frames)) ids.add(id);
    end.send({ creditBytes: chunksOf(frames).length * 16 * 1024 });
  }
  expect(end.ended).toEqual([]);
});
