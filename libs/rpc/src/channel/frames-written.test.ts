import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import type { Call, Chunk, Entry, Reply } from '@millrace/contracts/channel';
import { EchoRequestSchema, EchoResponseSchema } from '@millrace/contracts/testing';
import fc from 'fast-check';
import { decodeStatus } from '../details.ts';
import { createMetadata, RpcError, type Code } from '../index.ts';
import { anyMetadata, sortedPairs } from '../testing/any-metadata.ts';
import { createClientEnd, createServerEnd, PATHS } from '../testing/channel-ends.ts';

const ECHO = PATHS.findIndex((path) => path.endsWith('/Echo'));
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const body = fc.oneof(
  { weight: 5, arbitrary: fc.string({ maxLength: 200 }).map((text) => text.toWellFormed()) },
  { weight: 1, arbitrary: fc.integer({ min: 16_000, max: 60_000 }).map((length) => 'x'.repeat(length)) },
);

const pairsOf = (entries: readonly Entry[]) =>
  entries.map(({ key, value }): [string, string | Uint8Array] => [key, value.value ?? '']);

/** Messages by the id of their call, whether they came at once or in chunks. */
function bodiesOf(all: readonly (Call | Reply)[], chunks: readonly Chunk[]): Map<number, Buffer> {
  const bodies = new Map<number, Buffer>();
  for (const { id, body: bytes } of all) {
    const pieces = chunks.filter((chunk) => chunk.id === id).map(({ data }) => data);
    const whole = bytes.case === 'payload' ? bytes.value : Buffer.concat(pieces);
    if (bytes.case === 'longBytes') expect(whole.length).toBe(bytes.value);
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(16 * 1024);
    bodies.set(id, Buffer.from(whole));
  }
  return bodies;
}

test('protobuf-es reads the calls of a client as they were made', async () => {
  const one = fc.record({
    body,
    metadata: anyMetadata,
    isTraced: fc.boolean(),
    timeoutMs: fc.option(fc.integer({ min: 60_000, max: 1e9 }), { nil: undefined }),
  });
  const property = fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 40 }), async (made) => {
    const { client, take, channel } = createClientEnd();
    for (const [index, { body: text, metadata, isTraced, timeoutMs }] of made.entries()) {
      const options = {
        metadata: { ...metadata, ...(isTraced && { traceparent: TRACE }) },
        ...(timeoutMs !== undefined && { timeoutMs }),
      };
      client.echo({ text: `${index} ${text}` }, options).catch(() => undefined);
    }
    const frames = await take();
    expect(frames.filter(({ hello }) => hello)).toEqual([frames[0]]);
    expect(frames[0]?.hello).toMatchObject({ version: 1, methods: [], limits: { calls: 0, slots: 0 } });
    const calls = frames.flatMap((frame) => frame.calls);
    expect(calls.map(({ id }) => id)).toEqual(made.map((_, index) => index + 1));
    const bodies = bodiesOf(
      calls,
      frames.flatMap(({ chunks }) => chunks),
    );
    const slots = new Map<number, Entry>();
    const seen = new Set<number>();
    for (const { id, method, timeoutMs, traceparent, known, metadata } of calls) {
      for (const entry of metadata) if (entry.slot > 0) slots.set(entry.slot, entry);
      const { text } = fromBinary(EchoRequestSchema, bodies.get(id) ?? Buffer.alloc(0));
      const index = Number(text.slice(0, text.indexOf(' ')));
      const wanted = made[index];
      expect(text).toBe(`${index} ${wanted?.body}`);
      expect([method, traceparent]).toEqual([ECHO, wanted?.isTraced ? TRACE : '']);
      expect(timeoutMs === undefined).toBe(wanted?.timeoutMs === undefined);
      expect(timeoutMs ?? 0).toBeLessThanOrEqual(wanted?.timeoutMs ?? 0);
      const all = [...known.map((slot) => slots.get(slot) as Entry), ...metadata];
      expect(sortedPairs(pairsOf(all))).toEqual(sortedPairs(createMetadata(wanted?.metadata).entries()));
      seen.add(index);
    }
    expect(seen.size).toBe(made.length);
    channel.closed(new RpcError(14, 'enough'));
  });
  await fc.assert(property, { numRuns: 50 });
});

test('protobuf-es reads cancellations and credits', async () => {
  const { client, take, send } = createClientEnd();
  const controller = new AbortController();
  const short = client.echo({ text: 'short' }, { signal: controller.signal });
  const long = client.echo({ text: 'long' });
  await take();
  controller.abort();
  send({ replies: [{ id: 2, body: { case: 'longBytes', value: 20_000 } }] });
  const bytes = toBinary(EchoResponseSchema, create(EchoResponseSchema, { text: 'x'.repeat(19_996) }));
  send({ chunks: [{ id: 2, data: bytes.slice(0, 16_384) }] });
  send({ chunks: [{ id: 2, data: bytes.slice(16_384) }] });
  await expect(short).rejects.toMatchObject({ sent: 'maybe' });
  expect((await long).text).toHaveLength(19_996);
  const frames = await take();
  expect(frames.flatMap(({ cancels }) => cancels)).toEqual([1]);
  expect(frames.map(({ creditBytes }) => creditBytes).filter((credit) => credit > 0)).toEqual([20_000]);
});

test('protobuf-es reads the replies of a server as they were given', async () => {
  const failure = fc.record({
    code: fc.integer({ min: 1, max: 16 }) as fc.Arbitrary<Code>,
    message: fc.string({ maxLength: 50 }).map((text) => text.toWellFormed()),
    retryDelayMs: fc.option(fc.integer({ min: 0, max: 1e6 }), { nil: undefined }),
  });
  const given = fc.oneof({ weight: 3, arbitrary: body }, { weight: 1, arbitrary: failure });
  const property = fc.asyncProperty(fc.array(given, { minLength: 1, maxLength: 40 }), async (all) => {
    const { send, take } = createServerEnd({
      echo: async ({ text }) => {
        const answer = all[Number(text)] ?? '';
        if (typeof answer === 'string') return { text: answer };
        throw new RpcError(answer.code, answer.message, {
          reason: 'GIVEN',
          retryDelayMs: answer.retryDelayMs,
        });
      },
    });
    const request = (index: number): Uint8Array =>
      toBinary(EchoRequestSchema, create(EchoRequestSchema, { text: `${index}` }));
    send({
      calls: all.map((_, index) => ({
        id: index + 1,
        method: ECHO,
        body: { case: 'payload', value: request(index) },
      })),
    });
    const frames = await take();
    expect(frames[0]?.hello).toMatchObject({
      version: 1,
      methods: PATHS,
      limits: { calls: 1_000, slots: 64 },
    });
    const replies = frames.flatMap((frame) => frame.replies);
    expect(replies.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(all.map((_, index) => index + 1));
    const bodies = bodiesOf(
      replies,
      frames.flatMap(({ chunks }) => chunks),
    );
    for (const { id, code, message, details } of replies) {
      const wanted = all[id - 1] ?? '';
      if (typeof wanted === 'string') {
        expect(code).toBe(0);
        expect(fromBinary(EchoResponseSchema, bodies.get(id) ?? Buffer.alloc(0)).text).toBe(wanted);
        continue;
      }
      expect([code, message]).toEqual([wanted.code, wanted.message]);
      expect(decodeStatus(details)).toMatchObject({ ...wanted, reason: 'GIVEN' });
    }
  });
  await fc.assert(property, { numRuns: 50 });
});

test('protobuf-es reads what a server says when it goes', async () => {
  const { send, take, channel, ended } = createServerEnd({ echo: () => new Promise(() => undefined) });
  send({ calls: [{ id: 7, method: ECHO }] });
  channel.drain();
  const frames = await take();
  expect(frames.flatMap(({ drain }) => drain?.lastAcceptedId ?? [])).toEqual([7]);
  expect(ended).toEqual([]);
});
