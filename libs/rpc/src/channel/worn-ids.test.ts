import { Channel, ChannelCredentials, connectivityState } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { ClientCall } from '../client-call.ts';
import { createBareClient, timers, type Call } from '../index.ts';
import { clientOptions } from '../limits.ts';
import { createRig } from '../testing.ts';
import type { ChannelClient } from './channel-client.ts';
import { ChannelLink } from './channel-link.ts';

/** Resolves when it is connected. */
async function connected(channel: Channel): Promise<void> {
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return;
    await new Promise((resolve) => channel.watchConnectivityState(state, Infinity, resolve));
  }
}

test('a channel whose ids are used up is followed by another, and no call fails for it', async () => {
  const running = new Set<string>();
  await using rig = await createRig({
    handlers: {
      echo: async ({ text }) => {
        expect(running.has(text)).toBe(false);
        running.add(text);
        await new Promise(setImmediate);
        return { text };
      },
    },
  });
  const channel = new Channel(rig.address, ChannelCredentials.createInsecure(), clientOptions({}));
  await connected(channel);
  const settled = Promise.withResolvers<void>();
  const next = (call: Call) => {
    const carrier = link.current;
    return carrier?.carries(call) ? carrier.send(call) : new ClientCall(channel, call).reply;
  };
  const link = new ChannelLink({
    messageBytes: 4 * 1024 * 1024,
    maxQueued: 100,
    maxQueuedMs: 1_000,
    helloMs: 3_000,
    wornId: 50,
    onDrain: () => undefined,
    onSettled: settled.resolve,
    resend: (one) => one.handOver(next),
  });
  link.connect(channel);
  await settled.promise;
  const client = createBareClient(EchoService, { transport: { next } });
  const seen = new Set<ChannelClient | undefined>();
  const worker = async (name: number): Promise<void> => {
    for (let index = 0; index < 50; index++) {
      const text = `${name} ${index} ${'x'.repeat((index % 5) * 6_000)}`;
      expect((await client.echo({ text })).text).toBe(text);
      seen.add(link.current);
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, name) => worker(name)));
  expect(running.size).toBe(1_000);
  expect(seen.size).toBeGreaterThan(5);
  link.disconnect();
  channel.close();
  expect(timers.size).toBe(0);
});
