import type { handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { createRig, rawCall } from '../testing.ts';
import { startBareServer, UNARY } from '../testing/bare-grpc.ts';

const ECHO = '/millrace.test.v1.EchoService/Echo';
const OTHERS = ['application/grpc-web', 'application/grpc-web-text', 'application/grpc+json'];

test('grpc-js still serves other content types as plain gRPC (if not, CONTENT_TYPE in libs/rpc/src/wire.ts can go)', async () => {
  const unary: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, Buffer.alloc(0));
  await using bare = await startBareServer({ unary });
  for (const type of OTHERS) {
    const { headers } = await rawCall({
      address: bare.address,
      path: UNARY,
      headers: { 'content-type': type },
    });
    expect(headers).toMatchObject({ ':status': 200, 'grpc-status': '0' });
  }
});

test.each(OTHERS)('ours answers %s by 415', async (type) => {
  await using rig = await createRig();
  const { headers } = await rawCall({ address: rig.address, path: ECHO, headers: { 'content-type': type } });
  expect(headers).toMatchObject({ ':status': 415 });
  expect(headers['grpc-status']).toBeUndefined();
});
