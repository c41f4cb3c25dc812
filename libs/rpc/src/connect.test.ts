import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it, test } from '@jest/globals';
import type { CallKind } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient } from './bare-client.ts';
import { Connection, type ConnectionState } from './connection.ts';
import { Code } from './status.ts';
import { createFullBacklog } from './testing/full-backlog.ts';
import { startMember } from './testing/member.ts';
import { createCall } from './testing/rig.ts';
import { createTransport } from './transport.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Accepts, and never says a word. */
async function mute(): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function blackHole(): Promise<string> {
  const { address, close } = await createFullBacklog();
  closing.push(close);
  return address;
}

describe.each([
  ['accepts and never speaks HTTP/2', mute],
  ['never answers at all', blackHole],
])('a peer that %s', (_name, start) => {
  it.each(KINDS)('fails a %s call when the time to connect is over, not at its deadline', async (kind) => {
    const transport = createTransport({ address: await start(), limits: { connectTimeoutMs: 150 } });
    closing.push(() => transport.close());
    const call = createCall(createBareClient(EchoService, { transport }));
    const startMs = performance.now();
    const failure = call(kind, ['a'], { timeoutMs: 20_000 });
    await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
    expect(performance.now() - startMs).toBeLessThan(10_000);
  });

  it('does so among several too, where none is better', async () => {
    const address = `${await start()},${await start()}`;
    const transport = createTransport({ address, limits: { connectTimeoutMs: 150 } });
    closing.push(() => transport.close());
    const call = createCall(createBareClient(EchoService, { transport }));
    for (let count = 0; count < 2; count++) {
      await expect(call('unary', ['a'], { timeoutMs: 20_000 })).rejects.toMatchObject({
        code: Code.UNAVAILABLE,
        sent: 'never',
        message: expect.stringMatching(/^no connection to 127.*within 150 ms$/) as unknown,
      });
    }
  });
});

test('the default time to connect is three seconds', async () => {
  const transport = createTransport({ address: await mute() });
  closing.push(() => transport.close());
  const call = createCall(createBareClient(EchoService, { transport }));
  const startMs = performance.now();
  await expect(call('unary')).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(2_900);
  expect(tookMs).toBeLessThan(6_000);
}, 10_000);

test('a connection that is followed is made by itself, and says when it is there, gone and there again', async () => {
  const member = await startMember();
  const states: ConnectionState[] = [];
  let told = Promise.withResolvers<void>();
  const reached = async (state: ConnectionState): Promise<void> => {
    while (connection.state !== state) {
      await told.promise;
      told = Promise.withResolvers();
    }
  };
  const connection: Connection = new Connection({
    address: member.address,
    onState: () => {
      states.push(connection.state);
      told.resolve();
    },
  });
  closing.push(() => connection.close());
  await reached('ready');
  await member.close();
  await reached('failed');
  const back = await startMember({ port: member.port });
  closing.push(() => back.close());
  await reached('ready');
  expect(states).toEqual(['ready', 'connecting', 'failed', 'ready']);
});
