import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import type { OpenRequestSchema, OpenResponse } from '@millrace/contracts/channel';
import { EchoRequestSchema, EchoResponseSchema } from '@millrace/contracts/testing';
import { Code, RpcError, timers, type Call } from '../index.ts';
import { createServerEnd, PATHS } from '../testing/channel-ends.ts';

type Frame = MessageInitShape<typeof OpenRequestSchema>;

const ECHO = PATHS.findIndex((path) => path.endsWith('/Echo'));
const KIB = 1_024;
const { INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED } = Code;
const never = (): Promise<never> => new Promise(() => undefined);

const requestOf = (text: string): Uint8Array =>
  toBinary(EchoRequestSchema, create(EchoRequestSchema, { text }));
const call = (id: number, text = 'a') => ({
  id,
  method: ECHO,
  body: { case: 'payload' as const, value: requestOf(text) },
});
const long = (id: number, bytes: number) => ({
  id,
  method: ECHO,
  body: { case: 'longBytes' as const, value: bytes },
});
const chunk = (id: number, length: number) => ({ id, data: Buffer.alloc(length) });

const repliesOf = (frames: readonly OpenResponse[]) => frames.flatMap(({ replies }) => replies);
const outcomesOf = (frames: readonly OpenResponse[]) => repliesOf(frames).map(({ id, code }) => [id, code]);
const creditOf = (frames: readonly OpenResponse[]): number =>
  frames.reduce((sum, { creditBytes }) => sum + creditBytes, 0);

describe('a frame that breaks the protocol ends the channel with a clear status, and cancels its calls:', () => {
  const frames: readonly (readonly [string, Code, readonly Frame[]])[] = [
    ['a second hello', INVALID_ARGUMENT, [{ hello: { version: 1 } }]],
    ['a method that is not in the table', INVALID_ARGUMENT, [{ calls: [{ id: 2, method: 99 }] }]],
    ['a method far away', INVALID_ARGUMENT, [{ calls: [{ id: 2, method: 2 ** 32 - 1 }] }]],
    ['id 0', INVALID_ARGUMENT, [{ calls: [call(0)] }]],
    ['an id twice', INVALID_ARGUMENT, [{ calls: [call(1)] }]],
    ['an id that was answered', INVALID_ARGUMENT, [{ calls: [call(5)] }, { calls: [call(5)] }]],
    ['ids that fall', INVALID_ARGUMENT, [{ calls: [call(9), call(8)] }]],
    ['more calls than are allowed', RESOURCE_EXHAUSTED, [{ calls: [2, 3, 4].map((id) => call(id, 'wait')) }]],
    [
      'a payload that is longer than a chunk',
      RESOURCE_EXHAUSTED,
      [{ calls: [call(2, 'x'.repeat(16 * KIB))] }],
    ],
    ['a message over the limit', RESOURCE_EXHAUSTED, [{ calls: [long(2, 100 * KIB + 1)] }]],
    ['a message without end', RESOURCE_EXHAUSTED, [{ calls: [long(2, 2 ** 32 - 1)] }]],
    ['more long messages than fit', RESOURCE_EXHAUSTED, [{ calls: [long(2, 80 * KIB), long(3, 80 * KIB)] }]],
    ['a chunk of no call', INVALID_ARGUMENT, [{ chunks: [chunk(7, 10)] }]],
    ['a chunk of a call that is whole', INVALID_ARGUMENT, [{ chunks: [chunk(1, 10)] }]],
    [
      'more chunks than were announced',
      INVALID_ARGUMENT,
      [{ calls: [long(2, 20)] }, { chunks: [chunk(2, 21)] }],
    ],
    ['an empty chunk', INVALID_ARGUMENT, [{ calls: [long(2, 20)] }, { chunks: [chunk(2, 0)] }]],
    [
      'a chunk that is too long',
      INVALID_ARGUMENT,
      [{ calls: [long(2, 60 * KIB)] }, { chunks: [chunk(2, 16 * KIB + 1)] }],
    ],
    ['a cancel of nothing', INVALID_ARGUMENT, [{ cancels: [2] }]],
    ['a giant frame', RESOURCE_EXHAUSTED, [{ chunks: [chunk(1, 100 * KIB)] }]],
  ];

  test.each(frames)('%s', async (_what, code, sent) => {
    const waiting: Call[] = [];
    const end = createServerEnd(
      {
        echo: ({ text }, one) => (text === 'wait' ? (waiting.push(one), never()) : Promise.resolve({ text })),
      },
      { calls: 3, messageBytes: 100 * KIB, longBytes: 150 * KIB },
    );
    end.send({ calls: [call(1, 'wait')] });
    for (const frame of sent) end.send(frame);
    // Whatever comes then is not heard.
    end.send({ calls: [call(100)] });
    const outcomes = outcomesOf(await end.take());
    expect(end.ended).toEqual([
      expect.objectContaining({ code, message: expect.stringMatching(/^channel: /) }),
    ]);
    expect(outcomes.filter(([id]) => id === 1 || id === 100)).toEqual([]);
    expect(waiting[0]?.cancelled?.code).toBe(code);
    for (const { cancelled } of waiting) expect(cancelled).toBeDefined();
    expect(timers.size).toBe(0);
  });

  test.each([
    ['no hello', INVALID_ARGUMENT, { calls: [call(1)] }],
    ['a version that came before', UNIMPLEMENTED, { hello: { version: 0 } }],
  ] as const)('%s', (_what, code, frame) => {
    const end = createServerEnd({}, { hello: false });
    end.send(frame as Frame);
    expect(end.ended).toEqual([expect.objectContaining({ code })]);
  });

  test('bytes that are no frame', () => {
    for (const bytes of [[0xff], [0x0a, 0x05, 1], [0x12, 0x03, 0x08], [0x0e], [0x0a, 0x01, 0xff]]) {
      const end = createServerEnd({}, { hello: false });
      end.channel.receive(Buffer.from(bytes));
      expect(end.ended).toEqual([expect.objectContaining({ code: INVALID_ARGUMENT })]);
    }
  });
});

test('what comes late for a call that is over is passed over', async () => {
  const end = createServerEnd();
  end.send({ calls: [call(1), call(5)] });
  expect(outcomesOf(await end.take())).toEqual([
    [1, 0],
    [5, 0],
  ]);
  end.send({ cancels: [1, 3, 5], chunks: [chunk(1, 10), chunk(4, 10)] });
  end.send({ calls: [call(6)] });
  expect(outcomesOf(await end.take())).toEqual([[6, 0]]);
  expect(end.ended).toEqual([]);
});

test('a call without a body has an empty request, and one without a deadline has none', async () => {
  const seen: Call[] = [];
  const end = createServerEnd({
    echo: ({ text }, one) => (seen.push(one), Promise.resolve({ text: `[${text}]` })),
  });
  end.send({ calls: [{ id: 1, method: ECHO }] });
  const [reply] = repliesOf(await end.take());
  expect(fromBinary(EchoResponseSchema, reply?.body.value as Uint8Array).text).toBe('[]');
  expect(seen[0]?.deadlineMs).toBe(Infinity);
});

test('a deadline ends a call although its client still waits', async () => {
  const cancelled = Promise.withResolvers<RpcError>();
  const end = createServerEnd({ echo: (_request, one) => (one.onCancel(cancelled.resolve), never()) });
  end.send({
    calls: [
      { ...call(1), timeoutMs: 10 },
      { ...call(2), timeoutMs: 0 },
    ],
  });
  expect(await cancelled.promise).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
  const frames = await end.take();
  while (repliesOf(frames).length < 2) frames.push(...(await end.take()));
  expect(outcomesOf(frames).toSorted()).toEqual([
    [1, Code.DEADLINE_EXCEEDED],
    [2, Code.DEADLINE_EXCEEDED],
  ]);
  expect(timers.size).toBe(0);
});

test('a call that is cancelled is answered once, and gives back its room', async () => {
  const seen: Call[] = [];
  const end = createServerEnd({ echo: (_request, one) => (seen.push(one), never()) });
  end.send({ calls: [call(1), long(2, 20_000)] });
  end.send({ chunks: [chunk(2, 10_000)] });
  end.send({ cancels: [1, 2, 1, 2] });
  end.send({ chunks: [chunk(2, 10_000)] });
  const frames = await end.take();
  expect(outcomesOf(frames)).toEqual([
    [1, Code.CANCELLED],
    [2, Code.CANCELLED],
  ]);
  expect(creditOf(frames)).toBe(20_000);
  expect(seen).toHaveLength(1);
  expect(seen[0]?.cancelled).toMatchObject({ code: Code.CANCELLED });
  expect(end.ended).toEqual([]);
});

test('a thousand calls that are cancelled at once free a thousand places', async () => {
  const end = createServerEnd({
    echo: ({ text }) => (text === 'wait' ? never() : Promise.resolve({ text })),
  });
  const ids = Array.from({ length: 1_000 }, (_, index) => index + 1);
  end.send({ calls: ids.map((id) => call(id, 'wait')) });
  end.send({ cancels: ids });
  end.send({ calls: ids.map((id) => call(id + 1_000)) });
  const outcomes = outcomesOf(await end.take());
  expect(outcomes).toHaveLength(2_000);
  expect(outcomes.filter(([, code]) => code === Code.CANCELLED)).toHaveLength(1_000);
  expect(end.ended).toEqual([]);
});

describe('a server that goes away', () => {
  test('answers the calls up to the one that it names, begins no other, and ends the stream after the last', async () => {
    const begun: string[] = [];
    const go = Promise.withResolvers<void>();
    const end = createServerEnd({
      echo: async ({ text }) => {
        begun.push(text);
        await go.promise;
        return { text };
      },
    });
    end.send({ calls: [call(1, 'a'), call(4, 'b')] });
    end.channel.drain();
    end.send({ calls: [call(5, 'c'), long(6, 20_000)], cancels: [5, 7] });
    end.send({ chunks: [chunk(6, 10)] });
    const frames = await end.take();
    expect(frames.flatMap(({ drain }) => drain?.lastAcceptedId ?? [])).toEqual([4]);
    expect([begun, end.ended]).toEqual([['a', 'b'], []]);
    go.resolve();
    expect(outcomesOf(await end.take())).toEqual([
      [1, 0],
      [4, 0],
    ]);
    expect(end.ended).toEqual([undefined]);
  });

  test('does so once, at once where it has no calls, and when its frames have left', async () => {
    const end = createServerEnd();
    await end.take();
    end.pipe.isStuck = true;
    end.channel.drain();
    end.channel.drain();
    expect((await end.take()).filter(({ drain }) => drain)).toHaveLength(1);
    expect(end.ended).toEqual([]);
    end.pipe.release();
    expect(end.ended).toEqual([undefined]);
  });

  test('ends what still runs with the status that it is given', async () => {
    const end = createServerEnd({ echo: never });
    end.send({ calls: [call(1), long(2, 20_000)] });
    end.channel.cancel(new RpcError(Code.UNAVAILABLE, 'closing', { reason: 'SHUTTING_DOWN' }));
    expect(outcomesOf(await end.take())).toEqual([
      [1, Code.UNAVAILABLE],
      [2, Code.UNAVAILABLE],
    ]);
    expect(end.ended).toEqual([undefined]);
  });
});

describe('a client that ends the stream', () => {
  test('gets what it has asked for, and then the end', async () => {
    const go = Promise.withResolvers<{ text: string }>();
    const end = createServerEnd({ echo: () => go.promise });
    end.send({ calls: [call(1)] });
    end.channel.receiveEnd(false);
    await end.take();
    expect(end.ended).toEqual([]);
    go.resolve({ text: 'late' });
    expect(outcomesOf(await end.take())).toEqual([[1, 0]]);
    expect(end.ended).toEqual([undefined]);
  });

  test('inside a request is told so, by that call', async () => {
    const end = createServerEnd();
    end.send({ calls: [long(1, 20_000)] });
    end.send({ chunks: [chunk(1, 10_000)] });
    end.channel.receiveEnd(false);
    expect(outcomesOf(await end.take())).toEqual([[1, INVALID_ARGUMENT]]);
    expect(end.ended).toEqual([undefined]);
  });

  test('inside a frame is told so', () => {
    const end = createServerEnd({ echo: never });
    end.send({ calls: [call(1)] });
    end.channel.receiveEnd(true);
    expect(end.ended).toEqual([expect.objectContaining({ code: INVALID_ARGUMENT })]);
  });

  test('cancels its calls by leaving', () => {
    const seen: Call[] = [];
    const end = createServerEnd({ echo: (_request, one) => (seen.push(one), never()) });
    end.send({ calls: [call(1)] });
    end.channel.closed();
    expect(seen[0]?.cancelled).toMatchObject({ code: Code.CANCELLED, message: 'the caller left' });
    expect(end.ended).toEqual([]);
  });
});
