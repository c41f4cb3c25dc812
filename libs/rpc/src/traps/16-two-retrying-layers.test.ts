import type { handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Code, RpcError } from '../index.ts';
import { createRig } from '../testing.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

const ATTEMPTS = 3;

/** What every retrying layer above a client does. */
async function persistently(call: () => Promise<unknown>): Promise<void> {
  for (let count = 0; count < ATTEMPTS; count++) {
    if (
      await call().then(
        () => true,
        () => false,
      )
    )
      return;
  }
}

test('grpc-js still retries below whoever retries above it (if not, grpc.enable_retries in libs/rpc/src/limits.ts can go)', async () => {
  let seen = 0;
  const unary: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
    seen += 1;
    callback({ code: Code.UNAVAILABLE, details: 'busy' });
  };
  await using server = await startBareServer({ unary });
  const retryPolicy = {
    maxAttempts: ATTEMPTS,
    initialBackoff: '0.001s',
    maxBackoff: '0.001s',
    backoffMultiplier: 1,
    retryableStatusCodes: ['UNAVAILABLE'],
  };
  const config = { methodConfig: [{ name: [{ service: 'bare.Service' }], retryPolicy }] };
  using client = createBareGrpcClient(server.address, { 'grpc.service_config': JSON.stringify(config) });
  await persistently(client.call);
  expect(seen).toBe(ATTEMPTS * ATTEMPTS);
});

test('ours leaves it to those above', async () => {
  let seen = 0;
  await using rig = await createRig({
    server: [
      () => {
        seen += 1;
        return Promise.reject(new RpcError(Code.UNAVAILABLE, 'busy'));
      },
    ],
  });
  await persistently(() => rig.call('unary'));
  expect(seen).toBe(ATTEMPTS);
});
