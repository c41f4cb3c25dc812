import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import { createPolicyTable, type CallKind } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport } from './index.ts';
import { createRelay, createRig, frame, rawCall, type Relay, type Rig, type RigOptions } from './testing.ts';
import { startHttp2Peer } from './testing/http2-peer.ts';
import { createCall } from './testing/rig.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const ABOVE_BYTES = 1_000;
const LONG = 'all work and no play '.repeat(5_000);
const SHORT = 'a'.repeat(900);
const EchoRequest = EchoService.method.echo.input;
const ECHO = '/millrace.test.v1.EchoService/Echo';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const policies = createPolicyTable([EchoService], {
  [EchoService.typeName]: { compressAboveBytes: ABOVE_BYTES },
});

function compressedFrame(bytes: Uint8Array): Buffer {
  const framed = frame(bytes);
  framed[0] = 1;
  return framed;
}

/** A rig, and a client of it whose bytes on the wire are counted. */
async function counted(options: RigOptions = {}): Promise<{ relay: Relay; call: Rig['call'] }> {
  const rig = await createRig(options);
  closing.push(() => rig.close());
  const relay = await createRelay(rig.address);
  closing.push(() => relay.close());
  const transport = createTransport({ address: relay.address, limits: options.limits?.client ?? {} });
  closing.push(() => transport.close());
  const ours = options.policies && { policies: options.policies };
  return { relay, call: createCall(createBareClient(EchoService, { transport, ...ours })) };
}

test.each(KINDS)('long messages of a %s call shrink on the wire, both ways', async (kind) => {
  const { relay, call } = await counted({ policies });
  const texts = await call(kind, [LONG, LONG]);
  expect(texts[0]?.slice(0, LONG.length)).toBe(LONG);
  expect(relay.upBytes).toBeLessThan(LONG.length / 10);
  expect(relay.downBytes).toBeLessThan(LONG.length / 10);
});

test.each(KINDS)('short messages of a %s call go as they are', async (kind) => {
  const { relay, call } = await counted({ policies });
  await call(kind, [SHORT]);
  expect(relay.upBytes).toBeGreaterThan(SHORT.length);
  expect(relay.downBytes).toBeGreaterThan(SHORT.length);
});

test.each(KINDS)('without a size in its policy nothing of a %s call is compressed', async (kind) => {
  const { relay, call } = await counted();
  await call(kind, [LONG]);
  expect(relay.upBytes).toBeGreaterThan(LONG.length);
  expect(relay.downBytes).toBeGreaterThan(LONG.length);
});

test.each([
  ['more', LONG],
  ['less', LONG.slice(0, 20_000)],
])('messages of both sizes keep their order on a stream, the long ones %s than a window', async (_, long) => {
  const texts = Array.from({ length: 60 }, (_, index) => `${index} ${index % 3 === 0 ? long : SHORT}`);
  const { relay, call } = await counted({ policies });
  expect(await call('bidi', texts)).toEqual(texts);
  expect(relay.downBytes).toBeLessThan(40 * 1_000 + 20 * 5_000);
});

/** The bytes of an answer, to a caller that accepts these encodings. */
async function rawEcho(request: MessageInitShape<typeof EchoRequest>, accepts: string | undefined) {
  await using rig = await createRig({ policies });
  const body = frame(toBinary(EchoRequest, create(EchoRequest, request)));
  const headers = accepts === undefined ? {} : { 'grpc-accept-encoding': accepts };
  return await rawCall({ address: rig.address, path: ECHO, headers, body });
}

test('a message that would not get shorter is sent as it is', async () => {
  const { body } = await rawEcho({ sample: { data: randomBytes(20_000) } }, 'gzip');
  expect(body[0]).toBe(0);
  expect(body.byteLength).toBeGreaterThan(20_000);
});

test.each([
  ['gzip', 1],
  ['identity, deflate,gzip', 1],
  ['identity', 0],
  ['x-gzip', 0],
  [undefined, 0],
])('to a caller that accepts %j long replies go with flag %d', async (accepts, flag) => {
  const { headers: answer, body } = await rawEcho({ text: LONG }, accepts);
  expect(answer['grpc-status']).toBe('0');
  expect(body[0]).toBe(flag);
  expect(answer['grpc-encoding']).toBe(flag ? 'gzip' : 'identity');
  const bytes = body.subarray(5);
  expect(fromBinary(EchoService.method.echo.output, flag ? gunzipSync(bytes) : bytes).text).toBe(LONG);
});

test.each([
  ['a short request', policies, SHORT, undefined],
  ['a long request', policies, LONG, 'gzip'],
  ['a request of a method without a size', undefined, LONG, undefined],
])('%s announces what it is and no more', async (_name, given, text, encoding) => {
  const seen: unknown[] = [];
  await using peer = await startHttp2Peer((stream, headers) => {
    seen.push(headers['grpc-encoding']);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
      { endStream: true },
    );
  });
  const transport = createTransport({ address: peer.address });
  closing.push(() => transport.close());
  const client = createBareClient(EchoService, { transport, ...(given && { policies: given }) });
  await expect(client.echo({ text })).rejects.toMatchObject({ code: Code.NOT_FOUND });
  expect(seen).toEqual([encoding]);
});

describe('64 MiB out of 64 KiB', () => {
  const bomb = compressedFrame(gzipSync(Buffer.alloc(64 * 1024 * 1024)));
  const grown = (before: number): number => process.memoryUsage().rss - before;

  it('is RESOURCE_EXHAUSTED at a server, and takes no memory', async () => {
    await using rig = await createRig();
    const before = process.memoryUsage().rss;
    const headers = { 'grpc-encoding': 'gzip' };
    const calls = Array.from({ length: 10 }, () =>
      rawCall({ address: rig.address, path: ECHO, headers, body: bomb }),
    );
    for (const { headers: answer } of await Promise.all(calls)) expect(answer['grpc-status']).toBe('8');
    expect(grown(before)).toBeLessThan(150 * 1024 * 1024);
    expect(await rig.call('unary')).toEqual(['hello']);
  });

  it('is RESOURCE_EXHAUSTED at a client, and takes no memory', async () => {
    await using peer = await startHttp2Peer((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' });
      stream.end(bomb);
    });
    const transport = createTransport({ address: peer.address });
    closing.push(() => transport.close());
    const client = createBareClient(EchoService, { transport });
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 10; count++) {
      await expect(client.echo({})).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    }
    expect(grown(before)).toBeLessThan(150 * 1024 * 1024);
  });
});

test('what is compressed counts by its real size, both ways', async () => {
  const limits = { maxMessageBytes: 50_000 };
  await using small = await createRig({ policies, limits: { server: limits } });
  await expect(small.call('unary', [LONG])).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
  await using tight = await createRig({
    policies,
    limits: { client: limits },
    handlers: { echo: () => Promise.resolve({ text: LONG }) },
  });
  await expect(tight.call('unary', [SHORT])).rejects.toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
});

test('a call that is cancelled while its reply is compressed ends, and so does the server', async () => {
  await using rig = await createRig({ policies });
  const controller = new AbortController();
  const reply = rig.call('serverStream', [LONG], { signal: controller.signal });
  setImmediate(() => controller.abort());
  await reply.catch(() => undefined);
  expect(await rig.call('unary', [LONG])).toEqual([LONG]);
});
