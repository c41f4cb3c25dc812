import { once } from 'node:events';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { createRig, rawCall } from '../testing.ts';
import { startBareServer, UNARY } from '../testing/bare-grpc.ts';

const PINGS = 400;
const ECHO = '/millrace.test.v1.EchoService/Echo';
const unary: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, Buffer.alloc(0));
/** 60 KB, of which HPACK sends 3. */
const BOMB = { 'x-bomb': Array.from({ length: 20 }, () => 'x'.repeat(3_000)) };

/** How many of so many pings are answered, each after the one before and what is done between them. */
async function answered(session: ClientHttp2Session, between = async (): Promise<unknown> => undefined) {
  await once(session, 'remoteSettings');
  const closed = new Promise<boolean>((resolve) => session.once('close', () => resolve(false)));
  session.on('error', () => undefined);
  for (let count = 0; count < PINGS; count++) {
    const ping = new Promise<boolean>((resolve) => {
      if (session.destroyed) resolve(false);
      else session.ping((error) => resolve(!error));
    });
    if (!(await Promise.race([ping, closed]))) return count;
    await between();
  }
  session.destroy();
  return PINGS;
}

test('grpc-js still answers pings without end (if not, libs/rpc/src/ping-limit.ts can go)', async () => {
  await using bare = await startBareServer({ unary });
  expect(await answered(connect(`http://${bare.address}`))).toBe(PINGS);
});

test('ours ends a connection that does nothing but ping, and serves the others', async () => {
  await using rig = await createRig();
  const session = connect(`http://${rig.address}`);
  const ended = once(session, 'goaway');
  expect(await answered(session)).toBeLessThan(300);
  expect((await ended)[0]).toBe(11);
  expect(await rig.call('unary')).toEqual(['hello']);
});

test('ours answers pings that go with messages', async () => {
  await using rig = await createRig();
  const session = connect(`http://${rig.address}`);
  const call = async (): Promise<void> => {
    const stream = session.request({
      ':method': 'POST',
      ':path': ECHO,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.resume().end(Buffer.alloc(5));
    await once(stream, 'close');
  };
  expect(await answered(session, call)).toBe(PINGS);
});

test('grpc-js still takes headers that unpack to 60 KB (if not, maxHeaderBytes in libs/rpc/src/limits.ts can go)', async () => {
  await using bare = await startBareServer({ unary });
  const { headers } = await rawCall({ address: bare.address, path: UNARY, headers: BOMB });
  expect(headers['grpc-status']).toBe('0');
});

test('ours does not, even of a client that has not agreed to its limits', async () => {
  await using rig = await createRig();
  const { headers } = await rawCall({ address: rig.address, path: ECHO, headers: BOMB });
  expect(headers).toMatchObject({ ':status': 415 });
  expect(headers['grpc-status']).toBeUndefined();
  expect(await rig.call('unary')).toEqual(['hello']);
});
