import type { handleUnaryCall } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { createRig } from '../testing.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

test('grpc-js still says cancelled after a call that went well (if not, the check in ServerCall.onCancel of libs/rpc/src/server-call.ts can go)', async () => {
  const ended = Promise.withResolvers<boolean>();
  const unary: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    call.on('cancelled', () => ended.resolve(call.cancelled));
    callback(null, Buffer.alloc(0));
  };
  await using bare = await startBareServer({ unary });
  using client = createBareGrpcClient(bare.address);
  await client.call();
  expect(await ended.promise).toBe(true);
});

test.each(['unary', 'clientStream', 'serverStream', 'bidi'] as const)(
  'ours does not, for a %s call',
  async (kind) => {
    let cancelled = 0;
    await using rig = await createRig({
      server: [
        (call, next) => {
          call.onCancel(() => (cancelled += 1));
          return next(call);
        },
      ],
    });
    await rig.call(kind);
    // Whatever follows a call has come when its connection has ended.
    await rig.close();
    expect(cancelled).toBe(0);
  },
);
