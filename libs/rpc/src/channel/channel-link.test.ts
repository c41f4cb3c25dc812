import type { ServerHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createBareServer, createTransport, implement, timers } from '../index.ts';
import type { ClientLimits, Interceptor } from '../index.ts';
import { createRelay, echo, frame } from '../testing.ts';
import { refuseWith, startHttp2Peer } from '../testing/http2-peer.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(timers.size).toBe(0);
});

function clientOf(address: string, limits: ClientLimits = {}) {
  const transport = createTransport({ address, limits });
  closing.push(() => transport.close());
  return { transport, client: createBareClient(EchoService, { transport }) };
}

/** Answers a unary call with an empty message. */
function answerEmpty(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(frame(Buffer.alloc(0)));
}

/** A peer that answers unary calls, and channels as it is told. Counts both. */
async function startPeer(answerChannel: (stream: ServerHttp2Stream) => void) {
  const counts = { calls: 0, channels: 0 };
  const changed = { resolve: (): void => undefined };
  const peer = await startHttp2Peer(
    (stream) => {
      counts.calls += 1;
      answerEmpty(stream);
    },
    (stream) => {
      counts.channels += 1;
      answerChannel(stream);
      changed.resolve();
    },
  );
  closing.push(() => peer[Symbol.asyncDispose]());
  /** Until so many channels have been opened. */
  const opened = async (count: number): Promise<void> => {
    while (counts.channels < count) await new Promise<void>((resolve) => (changed.resolve = resolve));
  };
  return { address: peer.address, counts, opened };
}

/** A server of ours. Says how each unary call has come. */
async function startServer(options: { readonly channel?: boolean; readonly port?: number } = {}) {
  const ways: string[] = [];
  const look: Interceptor = (call, next) => {
    ways.push(call.metadata.get('user-agent') === undefined ? 'channel' : 'stream');
    return next(call);
  };
  const { channel = true, port = 0 } = options;
  const server = createBareServer({
    services: [implement(EchoService, echo)],
    interceptors: [look],
    channel,
  });
  const listening = await server.listen({ host: '127.0.0.1', port });
  closing.push(() => server.close({ graceMs: 0 }));
  return { address: `127.0.0.1:${listening.port}`, port: listening.port, server, ways };
}

/** Calls until one has gone this way. */
async function callUntil(
  client: ReturnType<typeof clientOf>['client'],
  ways: string[],
  way: string,
): Promise<void> {
  while (ways.at(-1) !== way) await client.echo({});
}

describe('a server without channels', () => {
  test('is called all the same, and no call waits or fails for it', async () => {
    const { address, ways } = await startServer({ channel: false });
    const { client } = clientOf(address);
    const texts = Array.from({ length: 100 }, (_, index) => `${index}`);
    const replies = await Promise.all(texts.map((text) => client.echo({ text })));
    expect(replies.map(({ text }) => text)).toEqual(texts);
    for (let count = 0; count < 20; count++) await client.echo({});
    expect(new Set(ways)).toEqual(new Set(['stream']));
  });

  test.each([
    ['does not know them', Code.UNIMPLEMENTED],
    ['lets nobody open one', Code.PERMISSION_DENIED],
  ])('that %s is asked once for each connection', async (_why, code) => {
    const peer = await startPeer((stream) => refuseWith(stream, code));
    const relay = await createRelay(peer.address);
    closing.push(() => relay.close());
    const { client, transport } = clientOf(relay.address);
    await transport.connect();
    for (let count = 0; count < 30; count++) await client.echo({});
    expect(peer.counts).toEqual({ calls: 30, channels: 1 });
    const again = clientOf(peer.address);
    await Promise.all(Array.from({ length: 30 }, () => again.client.echo({})));
    expect(peer.counts).toEqual({ calls: 60, channels: 2 });
  });

  test.each([Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED])(
    'for now, by code %d, is called as ever and asked again, less and less often',
    async (code) => {
      const atMs: number[] = [];
      const peer = await startPeer((stream) => {
        atMs.push(performance.now());
        refuseWith(stream, code);
      });
      const { client, transport } = clientOf(peer.address);
      await transport.connect();
      const calls = (async () => {
        for (let count = 0; count < 50; count++) await client.echo({});
      })();
      await peer.opened(4);
      await calls;
      const gapsMs = atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0));
      // 100, 200 and 400, a half more or less.
      for (const [index, leastMs] of [50, 100, 200].entries())
        expect(gapsMs[index]).toBeGreaterThan(leastMs - 5);
      expect(peer.counts.calls).toBe(50);
    },
  );

  test('that never says hello is called as ever, and is not waited for longer than a connection', async () => {
    const peer = await startPeer(() => undefined);
    const { client, transport } = clientOf(peer.address, { connectTimeoutMs: 200 });
    const connected = transport.connect();
    for (let count = 0; count < 20; count++) await client.echo({});
    await connected;
    for (let count = 0; count < 20; count++) await client.echo({});
    expect(peer.counts).toEqual({ calls: 40, channels: 1 });
  });

  test('that never says hello holds nothing up when its client closes', async () => {
    const ended = Promise.withResolvers<void>();
    const peer = await startPeer((stream) => void stream.on('close', ended.resolve).resume());
    const { client, transport } = clientOf(peer.address);
    await client.echo({});
    await peer.opened(1);
    await transport.close();
    await ended.promise;
  });

  test.each([
    ['speaks an earlier version', [0x0a, 0x02, 0x1a, 0x00]],
    ['begins with something else', [0x20, 0x05]],
    ['begins with rubbish', [0xff]],
  ])('that %s is called as ever', async (_what, bytes) => {
    const peer = await startPeer((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(frame(Buffer.from(bytes)));
    });
    const { client, transport } = clientOf(peer.address);
    await transport.connect();
    for (let count = 0; count < 20; count++) await client.echo({});
    expect(peer.counts).toEqual({ calls: 20, channels: 1 });
  });
});

describe('a client', () => {
  test('has its calls on a channel as soon as there is one, and no call waits for it', async () => {
    const { address, ways } = await startServer();
    const { client } = clientOf(address);
    await client.echo({});
    expect(ways).toEqual(['stream']);
    await callUntil(client, ways, 'channel');
    for (let count = 0; count < 10; count++) await client.echo({});
    expect(new Set(ways.slice(-10))).toEqual(new Set(['channel']));
  });

  test('opens another channel when its server comes back', async () => {
    const first = await startServer();
    const { client, transport } = clientOf(first.address);
    await transport.connect();
    await callUntil(client, first.ways, 'channel');
    await first.server.close({ graceMs: 0 });
    await expect(client.echo({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
    const second = await startServer({ port: first.port });
    while (second.ways.at(-1) !== 'channel') await client.echo({}).catch(() => undefined);
  });

  test('leaves a server alone that it was told to call without', async () => {
    const { address, ways } = await startServer();
    const transport = createTransport({ address, channel: false });
    closing.push(() => transport.close());
    await transport.connect();
    const client = createBareClient(EchoService, { transport });
    for (let count = 0; count < 20; count++) await client.echo({});
    expect(new Set(ways)).toEqual(new Set(['stream']));
  });

  test.each([
    ['client', 32_000, undefined],
    ['server', undefined, 32_000],
  ])('whose %s takes no message as long as a frame has none', async (_whose, ofClient, ofServer) => {
    const ways: string[] = [];
    const look: Interceptor = (call, next) => {
      ways.push(call.metadata.get('user-agent') === undefined ? 'channel' : 'stream');
      return next(call);
    };
    const server = createBareServer({
      services: [implement(EchoService, echo)],
      interceptors: [look],
      limits: ofServer === undefined ? {} : { maxMessageBytes: ofServer },
    });
    const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
    closing.push(() => server.close({ graceMs: 0 }));
    const { client, transport } = clientOf(
      `127.0.0.1:${port}`,
      ofClient === undefined ? {} : { maxMessageBytes: ofClient },
    );
    await transport.connect();
    for (let count = 0; count < 20; count++) await client.echo({});
    expect(new Set(ways)).toEqual(new Set(['stream']));
  });
});
