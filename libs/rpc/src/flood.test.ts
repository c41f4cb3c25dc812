import { once } from 'node:events';
import { connect } from 'node:http2';
import { expect, test } from '@jest/globals';
import { createRig, rawCall } from './testing.ts';

const COLLECT = '/millrace.test.v1.EchoService/Collect';
const PATH = '/millrace.test.v1.EchoService/Echo';
const STREAMS = 5_000;

test('a connection gets so many calls at once and no more, and others are served', async () => {
  let running = 0;
  await using rig = await createRig({
    limits: { server: { maxConcurrentCalls: 50 } },
    handlers: {
      collect: async (requests) => {
        running += 1;
        await Array.fromAsync(requests);
        return {};
      },
    },
  });
  const session = connect(`http://${rig.address}`);
  session.on('error', () => undefined);
  // Before the server's settings are here, so that nothing on this side holds them back.
  for (let count = 0; count < STREAMS; count++) {
    const headers = {
      ':method': 'POST',
      ':path': COLLECT,
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    session.request(headers, { endStream: false }).on('error', () => undefined);
  }
  await once(session, 'remoteSettings');
  await new Promise((resolve) => session.ping(resolve));
  expect(await rig.call('unary')).toEqual(['hello']);
  expect(running).toBe(50);
  session.destroy();
});

test('headers of a hundred and more keys, and bodies of rubbish, leave the server well', async () => {
  await using rig = await createRig();
  const headers = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-key-${index}`, 'value']));
  for (const body of [
    Buffer.alloc(3),
    Buffer.alloc(5, 255),
    Buffer.from([7, 0, 0, 0, 0]),
    Buffer.alloc(100_000),
  ]) {
    await rawCall({ address: rig.address, path: PATH, body });
    await rawCall({ address: rig.address, path: PATH, body, headers });
  }
  expect(await rig.call('unary')).toEqual(['hello']);
});
