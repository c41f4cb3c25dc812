import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { afterEach, expect, jest, test } from '@jest/globals';
import { Code } from '../index.ts';
import { createRig } from '../testing.ts';
import { asIs, BIDI, createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

afterEach(() => void jest.useRealTimers());

const HOUR_MS = 3_600_000;

test('grpc-js still shuts down for ever while a stream is open (if not, the grace time of libs/rpc/src/bare-server.ts can go)', async () => {
  const begun = Promise.withResolvers<void>();
  const bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('error', () => undefined);
    begun.resolve();
  };
  await using bare = await startBareServer({ bidi });
  using client = createBareGrpcClient(bare.address);
  const stream = client.client.makeBidiStreamRequest(BIDI, asIs, asIs);
  stream.on('error', () => undefined);
  await begun.promise;
  // An hour passes at once. What sockets do is not timed by these timers.
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  let isDown = false;
  bare.server.tryShutdown(() => (isDown = true));
  await jest.advanceTimersByTimeAsync(HOUR_MS);
  expect(isDown).toBe(false);
  stream.cancel();
});

test('ours is down after the grace time', async () => {
  const begun = Promise.withResolvers<void>();
  await using rig = await createRig({
    handlers: {
      async *chat() {
        begun.resolve();
        await new Promise(() => undefined);
      },
    },
  });
  const failure = rig.call('bidi');
  const expected = expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, reason: 'SHUTTING_DOWN' });
  await begun.promise;
  await rig.server.close({ graceMs: 20 });
  await expected;
});
