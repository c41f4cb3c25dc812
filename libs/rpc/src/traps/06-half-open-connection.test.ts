import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport } from '../index.ts';
import { createMuteProxy, createRig } from '../testing.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

// Hours pass at once. What sockets do is not timed by these timers.
beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] }),
);
afterEach(() => void jest.useRealTimers());

const HOUR_MS = 3_600_000;

test('grpc-js still waits for ever on a connection that was cut silently (if not, keepalive in libs/rpc/src/limits.ts can go)', async () => {
  const arrived = Promise.withResolvers<void>();
  await using server = await startBareServer({ unary: () => arrived.resolve() });
  const proxy = await createMuteProxy(server.address);
  using client = createBareGrpcClient(proxy.address);
  let ended = false;
  client.call().then(
    () => (ended = true),
    () => (ended = true),
  );
  await arrived.promise;
  proxy.mute();
  await jest.advanceTimersByTimeAsync(HOUR_MS);
  expect(ended).toBe(false);
  proxy.close();
});

test('ours notices within six seconds', async () => {
  const arrived = Promise.withResolvers<void>();
  await using rig = await createRig({
    handlers: {
      echo: () => {
        arrived.resolve();
        return new Promise(() => undefined);
      },
    },
  });
  const proxy = await createMuteProxy(rig.address);
  const transport = createTransport({ address: proxy.address });
  const failure = createBareClient(EchoService, { transport }).echo({});
  const expected = expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
  await arrived.promise;
  proxy.mute();
  await jest.advanceTimersByTimeAsync(6_000);
  await expected;
  await transport.close();
  proxy.close();
});
