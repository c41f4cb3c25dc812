import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connectivityState } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport } from '../index.ts';
import { createBareGrpcClient } from '../testing/bare-grpc.ts';

// Hours pass at once. What sockets do is not timed by these timers.
beforeEach(
  () => void jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] }),
);
afterEach(() => void jest.useRealTimers());

const HOUR_MS = 3_600_000;

/** A peer that accepts connections and says nothing. */
async function startMutePeer() {
  const sockets: Socket[] = [];
  const accepted = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    accepted.resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted: accepted.promise,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('grpc-js still connects for ever to a peer that never speaks (if not, connectTimeoutMs in libs/rpc/src can go)', async () => {
  await using peer = await startMutePeer();
  using bare = createBareGrpcClient(peer.address, {
    'grpc.keepalive_time_ms': 3_000,
    'grpc.keepalive_timeout_ms': 2_000,
  });
  let ended = false;
  bare.call().then(
    () => (ended = true),
    () => (ended = true),
  );
  await peer.accepted;
  await jest.advanceTimersByTimeAsync(HOUR_MS);
  expect(ended).toBe(false);
  expect(bare.client.getChannel().getConnectivityState(false)).toBe(connectivityState.CONNECTING);
});

test('ours gives up after three seconds, and the call was never sent', async () => {
  await using peer = await startMutePeer();
  const transport = createTransport({ address: peer.address });
  const failure = createBareClient(EchoService, { transport }).echo({});
  const expected = expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
  await peer.accepted;
  await jest.advanceTimersByTimeAsync(3_001);
  await expected;
  await transport.close();
});
