import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { OpenRequestSchema, OpenResponseSchema, type CallSchema } from '@millrace/contracts/channel';
import { EchoRequestSchema, EchoResponseSchema } from '@millrace/contracts/testing';
import fc from 'fast-check';
import { encodeStatus } from '../details.ts';
import { createMetadata, RpcError, type Call, type Code, type ReadonlyMetadata } from '../index.ts';
import { anyMetadata, sortedPairs } from '../testing/any-metadata.ts';
import { createClientEnd, createServerEnd, HELLO, PATHS } from '../testing/channel-ends.ts';
import { drawFrom, rewrite } from '../testing/rewritten.ts';

const ECHO = PATHS.findIndex((path) => path.endsWith('/Echo'));
const CHUNK = 16 * 1024;
const seed = fc.integer();
const body = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 200 }).map((text) => text.toWellFormed()) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 60_000 }).map((length) => 'x'.repeat(length)) },
);

type Pair = readonly [string, string | Uint8Array];

const entryOf = ([key, value]: Pair, slot = 0) => ({
  key,
  slot,
  value: typeof value === 'string' ? { case: 'text' as const, value } : { case: 'binary' as const, value },
});

const entriesOf = (metadata: ReadonlyMetadata) => Array.from(metadata.entries(), (pair) => entryOf(pair));

/** A message as the body of a call or a reply, and its pieces where it is long. */
function split(id: number, bytes: Uint8Array) {
  if (bytes.length <= CHUNK) return { body: { case: 'payload' as const, value: bytes }, chunks: [] };
  const chunks = [];
  for (let at = 0; at < bytes.length; at += CHUNK) chunks.push({ id, data: bytes.slice(at, at + CHUNK) });
  return { body: { case: 'longBytes' as const, value: bytes.length }, chunks };
}

test('a server reads calls however they are written', async () => {
  const one = fc.record({
    body,
    metadata: anyMetadata,
    timeoutMs: fc.option(fc.integer({ min: 1e4, max: 2 ** 31 })),
  });
  const all = fc.array(one, { minLength: 1, maxLength: 20 });
  const property = fc.asyncProperty(all, seed, async (wanted, start) => {
    const draw = drawFrom(start);
    const seen: Call[] = [];
    const { channel, take, ended } = createServerEnd(
      { echo: ({ text }, call) => (seen.push(call), Promise.resolve({ text })) },
      { hello: false },
    );
    const send = (frame: MessageInitShape<typeof OpenRequestSchema>): void => {
      const bytes = toBinary(OpenRequestSchema, create(OpenRequestSchema, frame));
      channel.receive(rewrite(OpenRequestSchema, bytes, draw));
    };
    send({ hello: { version: 3, limits: { messageBytes: 1e6, longBytes: 1e7 } } });
    let calls: MessageInitShape<typeof CallSchema>[] = [];
    const later: { id: number; data: Uint8Array }[] = [];
    for (const [index, { body: text, metadata, timeoutMs }] of wanted.entries()) {
      const id = index * 3 + 1;
      const bytes = toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: `${index} ${text}` }));
      const { body: own, chunks } = split(id, bytes);
      const entries = entriesOf(createMetadata(metadata));
      calls.push({
        id,
        method: ECHO,
        metadata: entries,
        body: own,
        ...(timeoutMs !== null && { timeoutMs }),
      });
      later.push(...chunks);
      if (draw(3) > 0 && index < wanted.length - 1 && own.case === 'payload') continue;
      send({ calls });
      calls = [];
    }
    for (const chunk of later) send({ chunks: [chunk] });
    const replies = (await take()).flatMap((frame) => frame.replies);
    expect(ended).toEqual([]);
    expect(replies.map(({ id, code }) => [id, code]).toSorted()).toEqual(
      wanted.map((_, index) => [index * 3 + 1, 0]).toSorted(),
    );
    expect(seen).toHaveLength(wanted.length);
    for (const call of seen) {
      const { text } = call.request as { text: string };
      const index = Number(text.slice(0, text.indexOf(' ')));
      expect(text).toBe(`${index} ${wanted[index]?.body}`);
      expect(sortedPairs(call.metadata.entries())).toEqual(
        sortedPairs(createMetadata(wanted[index]?.metadata).entries()),
      );
      expect(call.deadlineMs === Infinity).toBe(wanted[index]?.timeoutMs === null);
    }
    channel.closed();
  });
  await fc.assert(property, { numRuns: 100 });
});

test('a client reads replies however they are written', async () => {
  const failure = fc.record({
    code: fc.integer({ min: 1, max: 16 }) as fc.Arbitrary<Code>,
    message: fc.string({ maxLength: 50 }).map((text) => text.toWellFormed()),
    isDetailed: fc.boolean(),
  });
  const reply = fc.record({ body, headers: anyMetadata, trailers: anyMetadata });
  const all = fc.array(fc.oneof({ weight: 3, arbitrary: reply }, { weight: 1, arbitrary: failure }), {
    minLength: 1,
    maxLength: 20,
  });
  const property = fc.asyncProperty(all, seed, async (wanted, start) => {
    const draw = drawFrom(start);
    const { channel, client, take, told } = createClientEnd({ hello: false });
    const send = (frame: MessageInitShape<typeof OpenResponseSchema>): void => {
      const bytes = toBinary(OpenResponseSchema, create(OpenResponseSchema, frame));
      channel.receive(rewrite(OpenResponseSchema, bytes, draw));
    };
    send({ hello: { ...HELLO, version: 2 } });
    const headers: ReadonlyMetadata[] = [];
    const outcomes = wanted.map((_, index) =>
      client.echo({}, { onHeaders: (own) => (headers[index] = own) }).catch((error: unknown) => error),
    );
    await take();
    for (const [index, one] of wanted.entries()) {
      const id = index + 1;
      if ('code' in one) {
        const error = new RpcError(one.code, one.message, { reason: 'GIVEN' });
        const details = one.isDetailed ? encodeStatus(error) : Buffer.alloc(0);
        send({ replies: [{ id, code: one.code, message: one.message, details }] });
        continue;
      }
      const bytes = toBinary(EchoResponseSchema, create(EchoResponseSchema, { text: one.body }));
      const { body: own, chunks } = split(id, bytes);
      const [before, after] = [one.headers, one.trailers].map((given) => entriesOf(createMetadata(given)));
      send({ replies: [{ id, headers: before ?? [], trailers: after ?? [], body: own }] });
      for (const chunk of chunks) send({ chunks: [chunk] });
    }
    for (const [index, outcome] of (await Promise.all(outcomes)).entries()) {
      const one = wanted[index];
      if (one && 'code' in one) {
        expect(outcome).toMatchObject({ code: one.code, message: one.message });
        if (one.isDetailed) expect(outcome).toMatchObject({ reason: 'GIVEN' });
        continue;
      }
      expect(outcome).toMatchObject({ text: one?.body });
      expect(sortedPairs(headers[index]?.entries() ?? [])).toEqual(
        sortedPairs(createMetadata(one?.headers).entries()),
      );
    }
    expect(told).toEqual(['open']);
    channel.closed(new RpcError(14, 'enough'));
  });
  await fc.assert(property, { numRuns: 100 });
});

describe('metadata', () => {
  const TEXT: Pair = ['authorization', 'Bearer x'];

  test('that is remembered need not be sent again, until something else is remembered in its place', async () => {
    const seen: string[] = [];
    const { send, take, ended } = createServerEnd({
      echo: (_request, call) => {
        seen.push(Array.from(call.metadata.entries(), (pair) => pair.join(':')).join());
        return Promise.resolve({});
      },
    });
    send({ calls: [{ id: 1, method: ECHO, metadata: [entryOf(TEXT, 64)] }] });
    send({ calls: [{ id: 2, method: ECHO, known: [64] }] });
    send({
      calls: [
        { id: 3, method: ECHO, metadata: [entryOf(['x-a', 'b'], 64)] },
        { id: 4, method: ECHO, known: [64, 64] },
      ],
    });
    await take();
    expect(seen).toEqual(['authorization:Bearer x', 'authorization:Bearer x', 'x-a:b', 'x-a:b,x-a:b']);
    expect(ended).toEqual([]);
  });

  test.each([
    ['that was never sent', { known: [5] }],
    ['that is known by no slot', { known: [0] }],
    ['in a slot that is not there', { metadata: [entryOf(TEXT, 65)] }],
    ['in a slot far away', { metadata: [entryOf(TEXT, 2 ** 32 - 1)] }],
    ['that is remembered and long', { metadata: [entryOf(['x-a', 'x'.repeat(1_025)], 1)] }],
    ['of bytes that is remembered', { metadata: [entryOf(['x-a-bin', Buffer.from('a')], 1)] }],
    ['with an upper-case key', { metadata: [entryOf(['X-A', 'b'])] }],
    ['without a key', { metadata: [entryOf(['', 'b'])] }],
    ['with a key that is none', { metadata: [entryOf(['x a', 'b'])] }],
    ['that breaks the line', { metadata: [entryOf(['x-a', 'a\r\nx-b: c'])] }],
    ['that is no ASCII', { metadata: [entryOf(['x-a', 'ü'])] }],
    ['of text where bytes belong', { metadata: [entryOf(['x-a-bin', 'text'])] }],
    ['of bytes where text belongs', { metadata: [entryOf(['x-a', Buffer.from('a')])] }],
    ['that is no trace context', { traceparent: 'a\nb' }],
    ['that is too much', { metadata: Array.from({ length: 20 }, () => entryOf(['x-a', 'x'.repeat(1_000)])) }],
    [
      'that is too much of what is known',
      { metadata: [entryOf(TEXT, 1)], known: Array.from({ length: 400 }, () => 1) },
    ],
  ])('%s ends the channel with a clear status', async (_what, given) => {
    const { send, take, ended } = createServerEnd();
    send({ calls: [{ id: 1, method: ECHO, ...given }] });
    expect((await take()).flatMap(({ replies }) => replies)).toEqual([]);
    expect(ended).toHaveLength(1);
    expect([3, 8]).toContain(ended[0]?.code);
    expect(ended[0]?.message).toMatch(/^channel: /);
  });
});
