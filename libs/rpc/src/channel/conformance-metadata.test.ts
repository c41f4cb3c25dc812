import { describe, expect, test } from '@jest/globals';
import {
  Code,
  createMetadata,
  type Interceptor,
  type MetadataInit,
  type ReadonlyMetadata,
} from '../index.ts';
import { createRigFor, WAYS, type Way } from '../testing/ways.ts';

/** What is added below, and this test leaves out. */
const OWN = ['user-agent', 'content-type', 'date'];
const BYTES = Uint8Array.from([0, 1, 127, 128, 255]);
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** Its pairs in the order of their keys: HTTP/2 promises no other. */
function pairsOf(metadata: ReadonlyMetadata): [string, string | number[]][] {
  return Array.from(metadata.entries())
    .filter(([key]) => !OWN.includes(key))
    .map(([key, value]): [string, string | number[]] => [
      key,
      typeof value === 'string' ? value : Array.from(value),
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What the server sees of each call's metadata. */
async function seenBy(way: Way, each: readonly MetadataInit[]) {
  const seen: ReturnType<typeof pairsOf>[] = [];
  const look: Interceptor = (call, next) => {
    seen.push(pairsOf(call.metadata));
    return next(call);
  };
  await using rig = await createRigFor(way, { server: [look] });
  for (const metadata of each) await rig.client.echo({}, { metadata });
  return seen;
}

/** A reply with this metadata, as its client sees it. */
async function replyWith(way: Way, headers: MetadataInit, trailers: MetadataInit) {
  const add: Interceptor = async (call, next) => {
    const reply = await next(call);
    return { ...reply, headers: createMetadata(headers), trailers: createMetadata(trailers) } as typeof reply;
  };
  const seen: ReturnType<typeof pairsOf>[] = [];
  const look: Interceptor = async (call, next) => {
    const reply = await next(call);
    seen.push(pairsOf(reply.headers), pairsOf(await reply.trailers));
    return reply;
  };
  await using rig = await createRigFor(way, { server: [add], client: [look] });
  await rig.client.echo({});
  return seen;
}

describe.each(WAYS)('$way', (way) => {
  test('texts, bytes and the trace context arrive', async () => {
    const metadata = {
      'x-text': 'a text',
      'x-empty': '',
      'x-odd': '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
      'x-comma': 'a, b,c',
      'x-bytes-bin': BYTES,
      'x-none-bin': new Uint8Array(0),
      'key_with.all-1': 'x',
      traceparent: TRACE,
      authorization: `Bearer ${'x'.repeat(2_000)}`,
    };
    const [seen] = await seenBy(way, [metadata]);
    expect(seen).toEqual(pairsOf(createMetadata(metadata)));
  });

  test('keys are lower case on the other side, whatever the caller writes', async () => {
    const [seen] = await seenBy(way, [{ 'X-Upper': 'A', 'X-Bytes-BIN': BYTES }]);
    expect(seen).toEqual([
      ['x-bytes-bin', Array.from(BYTES)],
      ['x-upper', 'A'],
    ]);
  });

  test('a call has the metadata of its own and of no other', async () => {
    const each = Array.from({ length: 300 }, (_, index) => ({
      'x-same': 'same',
      'x-changing': `${index % 100}`,
      [`x-key-${index % 7}`]: 'same',
      ...(index % 3 === 0 && { authorization: `Bearer ${index % 2}` }),
    }));
    expect(await seenBy(way, each)).toEqual(each.map((metadata) => pairsOf(createMetadata(metadata))));
  });

  test('a long key and a long text arrive', async () => {
    const metadata = { [`x-${'k'.repeat(500)}`]: 'v', 'x-long': 'v'.repeat(10_000) };
    const [seen] = await seenBy(way, [metadata]);
    expect(seen).toEqual(pairsOf(createMetadata(metadata)));
  });

  test.each([
    ['connection', 'close'],
    ['te', 'gzip'],
    ['host', 'a'],
    ['upgrade', 'a'],
    ['transfer-encoding', 'a'],
    ['keep-alive', 'a'],
    ['x space', 'a'],
    ['x:colon', 'a'],
    ['', 'a'],
    ['ünï', 'a'],
    ['x-text', 'line\nbreak'],
    ['x-text', 'line\n'],
    ['x-text', 'ünï'],
    ['x-text', '\u007f'],
    ['x-text', '\u0000'],
    ['x-text-bin', 'a text where bytes belong'],
    ['x-bytes', BYTES],
  ])('%j: %j is INVALID_ARGUMENT, never leaves, and hurts no other call', async (key, value) => {
    await using rig = await createRigFor(way);
    const metadata = { 'x-good': 'remembered', [key]: value };
    const running = rig.client.echo({ text: 'before' }, { metadata: { 'x-good': 'remembered' } });
    const failure = rig.client.echo({}, { metadata });
    await expect(failure).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, sent: 'never' });
    expect((await running).text).toBe('before');
    const after = { 'x-good': 'remembered', 'x-other': 'also' };
    expect((await rig.client.echo({ text: 'after' }, { metadata: after })).text).toBe('after');
  });

  test("the protocol's own keys are not the caller's to set", async () => {
    const [seen] = await seenBy(way, [
      {
        'grpc-timeout': '1S',
        'grpc-encoding': 'gzip',
        'x-millrace-timeout': '1S',
        ':path': '/x',
        'x-a': 'b',
      },
    ]);
    expect(seen).toEqual([['x-a', 'b']]);
  });

  test('more than the server takes is RESOURCE_EXHAUSTED and hurts no other call', async () => {
    await using rig = await createRigFor(way);
    const running = rig.client.echo({ text: 'before' });
    const failure = rig.client.echo({}, { metadata: { 'x-long': 'x'.repeat(20_000) } });
    await expect(failure).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    expect((await running).text).toBe('before');
    expect((await rig.client.echo({ text: 'after' })).text).toBe('after');
  });

  test('as much as the server takes arrives, with a request that is as long as one gets in one piece', async () => {
    const lengths: number[] = [];
    const look: Interceptor = (call, next) => {
      lengths.push(call.metadata.get('x-long')?.length ?? 0);
      return next(call);
    };
    for (const maxHeaderBytes of [16 * 1024, 60_000]) {
      await using rig = await createRigFor(way, { server: [look], limits: { server: { maxHeaderBytes } } });
      const metadata = { 'x-long': 'x'.repeat(maxHeaderBytes - 1_000) };
      const text = 'x'.repeat(16_000);
      const replies = await Promise.all([1, 2, 3].map(() => rig.client.echo({ text }, { metadata })));
      expect(replies.map((reply) => reply.text)).toEqual([text, text, text]);
    }
    expect(lengths).toEqual([15_384, 15_384, 15_384, 59_000, 59_000, 59_000]);
  });

  test('headers and trailers of a reply arrive, each where it belongs', async () => {
    const headers = { 'x-text': 'a text', 'x-bytes-bin': BYTES, 'X-Upper': 'A', 'x-both': 'header' };
    const trailers = { 'x-end': '', 'x-end-bin': BYTES, 'x-both': 'trailer' };
    expect(await replyWith(way, headers, trailers)).toEqual([
      pairsOf(createMetadata(headers)),
      pairsOf(createMetadata(trailers)),
    ]);
  });

  test("the protocol's own keys are not a server's to set either", async () => {
    const [headers, trailers] = await replyWith(way, { 'grpc-status': '5' }, { 'grpc-status': '5' });
    expect(headers).toEqual([]);
    expect(trailers).toEqual([]);
  });

  test.each([
    ['headers', { connection: 'close' }, {}],
    ['headers', { 'x-text': 'ünï' }, {}],
    ['trailers', {}, { 'x-text': 'line\nbreak' }],
    ['trailers', {}, { 'x-text-bin': 'a text' }],
  ])('%s that cannot be sent fail their own call only: %j %j', async (_where, headers, trailers) => {
    let isBad = true;
    const add: Interceptor = async (call, next) => {
      const reply = await next(call);
      if (!isBad) return reply;
      return {
        ...reply,
        headers: createMetadata(headers),
        trailers: createMetadata(trailers),
      } as typeof reply;
    };
    await using rig = await createRigFor(way, { server: [add] });
    await expect(rig.client.echo({})).rejects.toMatchObject({ code: Code.INVALID_ARGUMENT, sent: 'maybe' });
    isBad = false;
    expect(await rig.call('unary')).toEqual(['hello']);
  });

  test('spaces around a text are no part of it', async () => {
    const add: Interceptor = async (call, next) => {
      const reply = await next(call);
      return { ...reply, headers: createMetadata({ 'x-a': ` ${call.metadata.get('x-a') ?? 'nothing'}` }) };
    };
    await using rig = await createRigFor(way, { server: [add] });
    const told: (string | undefined)[] = [];
    const onHeaders = (headers: ReadonlyMetadata): void => void told.push(headers.get('x-a'));
    await rig.client.echo({}, { metadata: { 'x-a': '  a b ' }, onHeaders });
    await rig.client.echo({}, { metadata: { 'x-a': '  ' }, onHeaders });
    expect(told).toEqual(['a b', '']);
  });

  test.each(['headers', 'trailers'])('%s of 15,000 bytes arrive', async (where) => {
    const metadata = { 'x-long': 'x'.repeat(15_000) };
    const seen = await replyWith(
      way,
      where === 'headers' ? metadata : {},
      where === 'trailers' ? metadata : {},
    );
    expect(seen.flat()).toEqual([['x-long', metadata['x-long']]]);
  });

  test('a client is told the headers of its reply', async () => {
    const add: Interceptor = async (call, next) => {
      const reply = await next(call);
      return { ...reply, headers: createMetadata({ 'x-a': 'b' }) };
    };
    await using rig = await createRigFor(way, { server: [add] });
    const told: unknown[] = [];
    await rig.client.echo({}, { onHeaders: (headers) => told.push(headers.get('X-A')) });
    expect(told).toEqual(['b']);
  });
});
