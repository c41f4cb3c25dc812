import { once } from 'node:events';
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import {
  Code,
  createBareClient,
  createBareServer,
  createTransport,
  implement,
  type ClientLimits,
} from './index.ts';
import { createMuteProxy, createRig, echo, frame } from './testing.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function addressOf(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(address: string, limits: ClientLimits = {}) {
  const transport = createTransport({ address, limits });
  closing.push(() => transport.close());
  return createBareClient(EchoService, { transport });
}

/** A peer by bare HTTP/2 that answers calls as it is told. */
async function peer(answer: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = createHttp2Server();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.on('sessionError', () => undefined);
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    answer(stream);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return addressOf(server as unknown as Server);
}

function createServerOfEcho() {
  return createBareServer({ services: [implement(EchoService, echo)] });
}

function respond(stream: ServerHttp2Stream, trailers: Record<string, string>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true });
}

test('where nobody listens, a call was never sent', async () => {
  const server = createServer();
  const address = await addressOf(server);
  server.close();
  const failure = clientOf(address).echo({});
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
});

test('a name that is not known is UNAVAILABLE, never sent', async () => {
  const failure = clientOf('no-such-host.invalid:1').echo({});
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
});

test('a peer that accepts and says nothing is given up, and tried again', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const client = clientOf(await addressOf(server), { connectTimeoutMs: 100 });
  for (let round = 1; round <= 2; round++) {
    await expect(client.echo({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
    expect(sockets).toHaveLength(round);
  }
});

test('a deadline ends the wait for a connection', async () => {
  const server = createServer((socket) => void closing.push(() => socket.destroy()));
  closing.push(() => server.close());
  const failure = clientOf(await addressOf(server)).echo({}, { timeoutMs: 50 });
  await expect(failure).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'never' });
});

test('a server that comes back is found again', async () => {
  const first = createServerOfEcho();
  const { port } = await first.listen({ host: '127.0.0.1', port: 0 });
  const client = clientOf(`127.0.0.1:${port}`);
  await client.echo({});
  await first.close({ graceMs: 0 });
  await expect(client.echo({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
  const second = createServerOfEcho();
  await second.listen({ host: '127.0.0.1', port });
  closing.push(() => second.close({ graceMs: 0 }));
  let text: string | undefined;
  while (text !== 'back') text = (await client.echo({ text: 'back' }).catch(() => undefined))?.text;
});

test.each([
  ['NGHTTP2_REFUSED_STREAM', Code.UNAVAILABLE, 'refused'],
  ['NGHTTP2_CANCEL', Code.CANCELLED, 'maybe'],
  ['NGHTTP2_INTERNAL_ERROR', Code.INTERNAL, 'maybe'],
  ['NGHTTP2_PROTOCOL_ERROR', Code.INTERNAL, 'maybe'],
  ['NGHTTP2_ENHANCE_YOUR_CALM', Code.RESOURCE_EXHAUSTED, 'maybe'],
  ['NGHTTP2_INADEQUATE_SECURITY', Code.PERMISSION_DENIED, 'maybe'],
] as const)('a stream reset with %s is code %s, sent %s', async (name, code, sent) => {
  const address = await peer((stream) => stream.close(constants[name]));
  await expect(clientOf(address).echo({})).rejects.toMatchObject({ code, sent });
});

test('streams above the last one of a GOAWAY were refused', async () => {
  const address = await peer((stream) => {
    if (stream.id === 1) respond(stream, { 'grpc-status': '5' });
    else stream.session?.goaway(constants.NGHTTP2_NO_ERROR, 1);
  });
  const client = clientOf(address);
  await expect(client.echo({})).rejects.toMatchObject({ code: Code.NOT_FOUND });
  const failure = client.echo({}, { timeoutMs: 2_000 });
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'refused' });
});

test.each([
  ['the peer', (stream: ServerHttp2Stream) => stream.session?.socket.destroy()],
  [
    'the peer, with a reset',
    (stream: ServerHttp2Stream) => (stream.session?.socket as Socket).resetAndDestroy(),
  ],
  ['the session', (stream: ServerHttp2Stream) => stream.session?.destroy()],
])('a connection ended by %s leaves open what became of the call', async (_name, end) => {
  const address = await peer((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.once('data', () => void end(stream));
  });
  await expect(clientOf(address).echo({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
});

test.each(['', '-1', '17', '999', 'x', '1e1', 'NaN'])(
  'a status of %j from the peer is UNKNOWN',
  async (status) => {
    const address = await peer((stream) => respond(stream, { 'grpc-status': status }));
    const failure = (await clientOf(address)
      .echo({})
      .catch((error: unknown) => error)) as { code: number };
    expect([Code.UNKNOWN, Code.ABORTED, Code.UNIMPLEMENTED]).toContain(failure.code);
  },
);

test('details that contradict the status, or are none, are dropped', async () => {
  const bytes = Buffer.from([0x08, 0x05]).toString('base64');
  for (const details of [bytes, Buffer.from('rubbish').toString('base64'), '%%%']) {
    const trailers = { 'grpc-status': '9', 'grpc-message': 'no', 'grpc-status-details-bin': details };
    const address = await peer((stream) => respond(stream, trailers));
    const failure = clientOf(address).echo({});
    await expect(failure).rejects.toMatchObject({ code: Code.FAILED_PRECONDITION, message: 'no' });
  }
});

test.each([
  ['no message', []],
  ['two messages', [frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]],
])('an answer with %s instead of one is UNIMPLEMENTED', async (_name, frames) => {
  const address = await peer((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat(frames));
  });
  const failure = clientOf(address).echo({}, { timeoutMs: 2_000 });
  await expect(failure).rejects.toMatchObject({ code: Code.UNIMPLEMENTED });
});

test('an answer that cannot be read is INTERNAL', async () => {
  const address = await peer((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.end(frame(Buffer.from([0x0a, 0x7f])));
  });
  const failure = clientOf(address).echo({});
  await expect(failure).rejects.toMatchObject({ code: Code.INTERNAL, message: 'the reply cannot be read' });
});

test('a half-open connection is noticed within six seconds', async () => {
  await using rig = await createRig({ handlers: { echo: () => new Promise(() => undefined) } });
  const proxy = await createMuteProxy(rig.address);
  closing.push(() => proxy.close());
  const client = clientOf(proxy.address);
  const failure = client.echo({}).catch((error: unknown) => error);
  await proxy.connected;
  await expect(client.expand({ count: 1 })[Symbol.asyncIterator]().next()).resolves.toBeDefined();
  const startMs = performance.now();
  proxy.mute();
  expect(await failure).toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
  expect(performance.now() - startMs).toBeLessThan(6_000);
}, 10_000);

test('a closed transport sends nothing', async () => {
  await using rig = await createRig();
  await rig.transport.close();
  await expect(rig.call('unary')).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
});
