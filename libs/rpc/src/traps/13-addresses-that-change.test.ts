import dns from 'node:dns';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient, createTransport } from '../index.ts';
import { startMember } from '../testing/member.ts';
import { createBareGrpcClient, startBareServer } from '../testing/bare-grpc.ts';

// An hour passes at once. What sockets do is not timed by these timers.
beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] }),
);
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

test('grpc-js still asks the DNS once, as long as nothing breaks (if not, libs/rpc/src/endpoints/resolver.ts can go)', async () => {
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

test('ours asks every three seconds, and goes where the name points', async () => {
  const old = await startMember();
  const fresh = await startMember({ host: '127.0.0.2', port: old.port });
  let known = ['127.0.0.1'];
  const lookup = (): Promise<string[]> => Promise.resolve(known);
  const transport = createTransport({ address: `pods.test:${old.port}`, lookup });
  const client = createBareClient(EchoService, { transport });
  await client.echo({});
  expect([old.calls, fresh.calls]).toEqual([1, 0]);
  known = ['127.0.0.2'];
  while (fresh.calls === 0) {
    await jest.advanceTimersByTimeAsync(3_000);
    await client.echo({});
  }
  await transport.close();
  await Promise.all([old.close(), fresh.close()]);
});
