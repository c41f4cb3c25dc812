import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import type { OpenRequest, OpenResponseSchema } from '@millrace/contracts/channel';
import { EchoResponseSchema } from '@millrace/contracts/testing';
import { Code, RpcError, timers } from '../index.ts';
import { createClientEnd, HELLO, type ClientEnd } from '../testing/channel-ends.ts';

type Frame = MessageInitShape<typeof OpenResponseSchema>;

const MEBIBYTE = 1024 * 1024;
const MOST = 2 ** 32 - 1;
const LOST = new RpcError(Code.UNAVAILABLE, 'gone', { reason: 'CHANNEL_BROKEN' });

const payload = (text: string) => ({
  case: 'payload' as const,
  value: toBinary(EchoResponseSchema, create(EchoResponseSchema, { text })),
});
const reply = (id: number, text = 'a') => ({ id, body: payload(text) });
const long = (id: number, bytes: number) => ({ id, body: { case: 'longBytes' as const, value: bytes } });
const chunk = (id: number, length: number) => ({ id, data: Buffer.alloc(length) });

const idsOf = (frames: readonly OpenRequest[]) => frames.flatMap(({ calls }) => calls.map(({ id }) => id));
const failureOf = (call: Promise<unknown>): Promise<RpcError> =>
  call.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: RpcError) => error,
  );

/** Calls that have been sent. */
async function sent(end: ClientEnd, count: number): Promise<Promise<RpcError>[]> {
  const calls = Array.from({ length: count }, () => failureOf(end.client.echo({})));
  await end.take();
  return calls;
}

describe('a frame that breaks the protocol breaks the channel off, and its calls may have been served:', () => {
  const frames: readonly (readonly [string, readonly Frame[]])[] = [
    ['a second hello', [{ hello: HELLO }]],
    ['a reply to no call', [{ replies: [reply(9)] }]],
    ['a reply to a call that was never made', [{ replies: [reply(0)] }]],
    [
      'two replies',
      [
        {
          replies: [
            { id: 3, code: 5 },
            { id: 3, code: 5 },
          ],
        },
      ],
    ],
    ['two replies to a long one', [{ replies: [long(3, 20_000)] }, { replies: [long(3, 20_000)] }]],
    ['a chunk of no call', [{ chunks: [chunk(9, 10)] }]],
    ['more chunks than were announced', [{ replies: [long(2, 10)] }, { chunks: [chunk(2, 11)] }]],
    ['an empty chunk', [{ replies: [long(2, 10)] }, { chunks: [chunk(2, 0)] }]],
    ['a chunk that is too long', [{ replies: [long(2, 20_000)] }, { chunks: [chunk(2, 16_385)] }]],
    ['a reply over the limit', [{ replies: [long(2, 4 * MEBIBYTE + 1)] }]],
    ['a reply without end', [{ replies: [long(2, MOST)] }]],
    ['metadata that is none', [{ replies: [{ ...reply(2), headers: [{ key: 'X' }] }] }]],
    ['metadata to be remembered', [{ replies: [{ ...reply(2), trailers: [{ key: 'x', slot: 1 }] }] }]],
  ];

  test.each(frames)('%s', async (_what, all) => {
    const end = createClientEnd();
    const calls = await sent(end, 3);
    for (const frame of all) end.send(frame);
    // What comes then is not heard.
    end.send({ replies: [reply(1)] });
    const failures = await Promise.all(calls);
    expect(failures.filter(({ code }) => code !== Code.NOT_FOUND).length).toBeGreaterThanOrEqual(2);
    for (const failure of failures) {
      if (failure.code === Code.NOT_FOUND) continue;
      expect(failure).toMatchObject({ code: Code.UNAVAILABLE, reason: 'CHANNEL_BROKEN', sent: 'maybe' });
    }
    expect(end.told).toEqual(['open', expect.stringMatching(/^channel: /)]);
    expect(timers.size).toBe(0);
  });

  test('more long replies than there is room for', async () => {
    const end = createClientEnd();
    const calls = await sent(end, 5);
    for (let id = 1; id <= 5; id++) end.send({ replies: [long(id, 4 * MEBIBYTE)] });
    for (const call of calls) expect(await call).toMatchObject({ reason: 'CHANNEL_BROKEN' });
    expect(end.told).toEqual(['open', 'channel: more than there is room for']);
  });

  test.each([
    ['no hello', { replies: [reply(1)] }],
    ['a version that came before', { hello: { ...HELLO, version: 0 } }],
    ['a hello without limits', { hello: { version: 1, methods: [] } }],
  ] as const)('%s', (_what, frame) => {
    const end = createClientEnd({ hello: false });
    end.send(frame as Frame);
    expect(end.told).toEqual([expect.stringMatching(/^channel: /)]);
    expect(end.channel.isOpen).toBe(false);
  });
});

test('a reply to a call that was cancelled, short or long, is passed over', async () => {
  const end = createClientEnd();
  const controller = new AbortController();
  const calls = [1, 2, 3].map(() => failureOf(end.client.echo({}, { signal: controller.signal })));
  await end.take();
  controller.abort();
  for (const call of calls) expect(await call).toMatchObject({ code: Code.CANCELLED, sent: 'maybe' });
  expect((await end.take()).flatMap(({ cancels }) => cancels)).toEqual([1, 2, 3]);
  end.send({ replies: [reply(1), { id: 2, code: 1 }, long(3, 30_000)] });
  end.send({ chunks: [chunk(3, 16_384)] });
  const credits = (await end.take()).map(({ creditBytes }) => creditBytes);
  expect(credits).toEqual([30_000]);
  const next = end.client.echo({});
  expect(idsOf(await end.take())).toEqual([4]);
  end.send({ replies: [reply(4, 'next')] });
  expect((await next).text).toBe('next');
  expect(end.told).toEqual(['open']);
});

test('a long reply that is cancelled half way gives back its room, and the server is told', async () => {
  const end = createClientEnd();
  const controller = new AbortController();
  const call = failureOf(end.client.echo({}, { signal: controller.signal }));
  await end.take();
  end.send({ replies: [long(1, 40_000)] });
  end.send({ chunks: [chunk(1, 16_384)] });
  controller.abort();
  expect(await call).toMatchObject({ code: Code.CANCELLED, sent: 'maybe' });
  const [frame] = await end.take();
  expect([frame?.cancels, frame?.creditBytes]).toEqual([[1], 40_000]);
  end.send({ chunks: [chunk(1, 16_384)] });
  expect(end.told).toEqual(['open']);
});

test('a failure is one, whatever else its reply says', async () => {
  const end = createClientEnd();
  const [call, other] = await sent(end, 2);
  end.send({
    replies: [
      { ...long(1, 30_000), code: 5, message: 'gone' },
      { ...reply(2), code: 99 },
    ],
  });
  expect(await call).toMatchObject({ code: Code.NOT_FOUND, message: 'gone' });
  expect(await other).toMatchObject({ code: Code.UNKNOWN });
});

test.each([
  ['text that is no UTF-8', { message: 'x', details: Buffer.from([0xff]) }],
  ['details of another code', { message: 'x', details: Buffer.from([0x08, 0x05]) }],
])('%s in a failure is not believed', async (_what, given) => {
  const end = createClientEnd();
  const [call] = await sent(end, 1);
  end.send({ replies: [{ id: 1, code: 9, ...given }] });
  expect(await call).toMatchObject({ code: Code.FAILED_PRECONDITION, message: 'x' });
});

describe('a server that goes away', () => {
  test('leaves the calls above the last one that it took to others, and is left after those below', async () => {
    const end = createClientEnd();
    const calls = Array.from({ length: 5 }, (_, index) => end.client.echo({ text: `${index}` }));
    await end.take();
    end.send({ drain: { lastAcceptedId: 3 } });
    expect(end.stranded.map(({ id }) => id)).toEqual([4, 5]);
    expect(end.told).toEqual(['open', 'drain']);
    await expect(end.client.echo({})).rejects.toMatchObject({ message: 'it is not carried' });
    end.send({ replies: [reply(1), reply(3), reply(2)] });
    expect((await Promise.all(calls.slice(0, 3))).map(({ text }) => text)).toEqual(['a', 'a', 'a']);
    await end.take();
    expect(end.told).toEqual(['open', 'drain', 'end']);
  });

  test('says so once: more often it is not heard', async () => {
    const end = createClientEnd();
    const calls = await sent(end, 3);
    end.send({ drain: { lastAcceptedId: 3 } });
    for (const lastAcceptedId of [2, 0, MOST]) end.send({ drain: { lastAcceptedId } });
    expect([end.told, end.stranded]).toEqual([['open', 'drain'], []]);
    end.channel.closed(LOST);
    for (const call of calls) expect(await call).toMatchObject({ sent: 'maybe' });
    expect(end.stranded).toEqual([]);
  });

  test('is not sent the rest of a request that it did not take', async () => {
    const end = createClientEnd();
    await end.take();
    end.pipe.isStuck = true;
    void end.client.echo({ text: 'x'.repeat(MEBIBYTE) });
    const before = (await end.take()).flatMap(({ chunks }) => chunks);
    end.send({ drain: {} });
    expect(end.stranded.map(({ id }) => id)).toEqual([1]);
    end.pipe.isStuck = false;
    end.pipe.release(Infinity);
    expect((await end.take()).flatMap(({ chunks }) => chunks)).toEqual([]);
    expect(before.length).toBeLessThan(8);
    expect(end.told).toEqual(['open', 'drain', 'end']);
  });
});

describe('a stream that ends', () => {
  test('strands the calls that were never given to it, and fails the others', async () => {
    const end = createClientEnd();
    const flushed = failureOf(end.client.echo({}));
    await end.take();
    void end.client.echo({});
    end.channel.closed(LOST);
    expect(await flushed).toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
    expect(end.stranded.map(({ id }) => id)).toEqual([2]);
    expect(timers.size).toBe(0);
  });

  test('strands requests that wait for room, and fails those that are half sent or half answered', async () => {
    const end = createClientEnd({ hello: false });
    end.send({
      hello: { ...HELLO, limits: { calls: 3, messageBytes: 4 * MEBIBYTE, longBytes: 4 * MEBIBYTE } },
    });
    const answered = failureOf(end.client.echo({}));
    await end.take();
    end.send({ replies: [long(1, 20_000)] });
    end.send({ chunks: [chunk(1, 10_000)] });
    end.pipe.isStuck = true;
    const half = failureOf(end.client.echo({ text: 'x'.repeat(3 * MEBIBYTE) }));
    void end.client.echo({ text: 'y'.repeat(2 * MEBIBYTE) });
    await end.take();
    void end.client.echo({});
    void end.client.echo({ text: 'queued' });
    end.channel.closed(LOST);
    expect(await answered).toMatchObject({ sent: 'maybe' });
    expect(await half).toMatchObject({ sent: 'maybe' });
    expect(end.stranded).toHaveLength(3);
    expect(timers.size).toBe(0);
  });
});

describe('a channel that takes no more calls ends', () => {
  test('at once where it has none', async () => {
    const end = createClientEnd();
    end.channel.retire();
    await end.take();
    expect(end.told).toEqual(['open', 'end']);
  });

  test('after the last one that waits is cancelled', async () => {
    const end = createClientEnd({ hello: false });
    end.send({ hello: { ...HELLO, limits: { calls: 1, messageBytes: MEBIBYTE, longBytes: MEBIBYTE } } });
    const first = end.client.echo({});
    const controller = new AbortController();
    const waiting = failureOf(end.client.echo({}, { signal: controller.signal }));
    await end.take();
    end.channel.retire();
    end.pipe.isStuck = false;
    controller.abort();
    expect(await waiting).toMatchObject({ code: Code.CANCELLED, sent: 'never' });
    end.send({ replies: [reply(1)] });
    await first;
    await end.take();
    expect(end.told).toEqual(['open', 'end']);
  });

  test('after the last one whose request waits for room is cancelled', async () => {
    const end = createClientEnd({ hello: false });
    end.send({ hello: { ...HELLO, limits: { calls: 9, messageBytes: MEBIBYTE, longBytes: MEBIBYTE } } });
    const controller = new AbortController();
    const first = end.client.echo({ text: 'x'.repeat(800_000) });
    const waiting = failureOf(end.client.echo({ text: 'x'.repeat(800_000) }, { signal: controller.signal }));
    await end.take();
    end.send({ replies: [reply(1)] });
    await first;
    end.channel.retire();
    await end.take();
    expect(end.told).toEqual(['open']);
    controller.abort();
    expect(await waiting).toMatchObject({ sent: 'never' });
    await end.take();
    expect(end.told).toEqual(['open', 'end']);
  });
});

test('when its ids are used up it takes no more calls, says so, and ends after those that it has', async () => {
  const end = createClientEnd({ wornId: 3 });
  const calls = [1, 2, 3].map(() => end.client.echo({}));
  expect(end.told).toEqual(['open', 'worn']);
  await expect(end.client.echo({})).rejects.toMatchObject({ message: 'it is not carried' });
  expect(idsOf(await end.take())).toEqual([1, 2, 3]);
  end.send({ replies: [reply(1), reply(2), reply(3)] });
  await Promise.all(calls);
  await end.take();
  expect(end.told).toEqual(['open', 'worn', 'end']);
});
