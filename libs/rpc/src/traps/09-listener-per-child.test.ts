import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Cancellation, Context } from '../index.ts';
import { createRig } from '../testing.ts';
import { asIs, BIDI, createBareGrpcClient, startBareServer, UNARY } from '../testing/bare-grpc.ts';

const CHILDREN = 50;

test('grpc-js still leaves a listener for each child call on a stream (if not, calls may have a parent in libs/rpc/src/client-call.ts)', async () => {
  const begun = Promise.withResolvers<ServerDuplexStream<Buffer, Buffer>>();
  const bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) => begun.resolve(call);
  await using server = await startBareServer({
    bidi,
    unary: (_call: unknown, callback: (error: null, answer: Buffer) => void) =>
      callback(null, Buffer.alloc(0)),
  });
  using client = createBareGrpcClient(server.address);
  const stream = client.client.makeBidiStreamRequest(BIDI, asIs, asIs);
  stream.on('error', () => undefined);
  stream.write(Buffer.alloc(0));
  const parent = await begun.promise;
  parent.setMaxListeners(0);
  const before = parent.listenerCount('cancelled');
  for (let count = 0; count < CHILDREN; count++) {
    await new Promise((resolve) => {
      client.client.makeUnaryRequest(
        UNARY,
        asIs,
        asIs,
        Buffer.alloc(0),
        { parent } as never,
        resolve as never,
      );
    });
  }
  expect(parent.listenerCount('cancelled') - before).toBe(CHILDREN);
  stream.cancel();
});

test.each(['unary', 'clientStream', 'serverStream', 'bidi'] as const)(
  'ours leaves none for %s calls made within a stream',
  async (kind) => {
    await using rig = await createRig();
    const cancellation = new Cancellation();
    const context = new Context({}, cancellation);
    for (let count = 0; count < CHILDREN; count++) await rig.call(kind, ['a'], { context });
    expect(cancellation.listenerCount).toBe(0);
  },
);
