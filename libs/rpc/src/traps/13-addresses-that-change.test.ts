import dns from 'node:dns';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

// An hour passes at once. What sockets do is not timed by these timers.
beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] }),
);
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('grpc-js still asks the DNS once, as long as nothing breaks (if not, our own resolver in libs/rpc/src can go)', async () => {
  const unary: handleUnaryCall<Buffer, Buffer> = (_call, callback) => callback(null, Buffer.alloc(0));
  await using server = await startBareServer({ unary });
  const lookup = jest
    .spyOn(dns.promises, 'lookup')
    .mockImplementation((() => Promise.resolve([{ address: '127.0.0.1', family: 4 }])) as never);
  jest.spyOn(dns.promises, 'resolveTxt').mockRejectedValue(new Error('none'));
  using client = createBareGrpcClient(`pods.test:${server.address.split(':')[1]}`);
  await client.call();
  // Not an hour at once: a channel without calls falls asleep, and asks when it wakes.
  for (let minute = 0; minute < 60; minute++) {
    await jest.advanceTimersByTimeAsync(60_000);
    await client.call();
  }
  expect(lookup).toHaveBeenCalledTimes(1);
});
