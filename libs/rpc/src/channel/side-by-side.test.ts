import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient, createTransport, timers } from '../index.ts';
import { createRelay, createRig } from '../testing.ts';

const LONG = 'x'.repeat(4 * 1024 * 1024 - 16);

afterEach(() => expect(timers.size).toBe(0));

/** A client of the rig's server, over a relay that can be stopped. */
async function createRelayed(handlers: NonNullable<Parameters<typeof createRig>[0]>['handlers'] = {}) {
  const rig = await createRig({ handlers });
  const relay = await createRelay(rig.address);
  const transport = createTransport({ address: relay.address });
  await transport.connect();
  const client = createBareClient(EchoService, { transport });
  const close = async (): Promise<void> => {
    await transport.close();
    await rig.close();
    relay.close();
  };
  return { client, relay, [Symbol.asyncDispose]: close };
}

test('short calls go on while long ones are on their way', async () => {
  await using relayed = await createRelayed();
  const { client } = relayed;
  const order: string[] = [];
  const long = Array.from({ length: 6 }, async () => {
    expect((await client.echo({ text: LONG })).text.length).toBe(LONG.length);
    order.push('long');
  });
  let isOver = false;
  const short = Array.from({ length: 10 }, async () => {
    while (!isOver) {
      await client.echo({ text: 'short' });
      order.push('short');
    }
  });
  await Promise.all(long);
  isOver = true;
  await Promise.all(short);
  // Each of the long ones is 512 chunks there and back; hardly any would pass if they were held up by whole messages.
  expect(order.indexOf('long')).toBeGreaterThan(30);
  expect(order.lastIndexOf('long')).toBeGreaterThan(100);
});

test('a long call comes to its end beside short ones that never pause', async () => {
  await using relayed = await createRelayed();
  const { client } = relayed;
  let isOver = false;
  const text = 'x'.repeat(10_000);
  const short = Array.from({ length: 200 }, async () => {
    while (!isOver) await client.echo({ text });
  });
  await client.echo({ text });
  expect((await client.echo({ text: LONG }, { timeoutMs: 25_000 })).text.length).toBe(LONG.length);
  isOver = true;
  await Promise.all(short);
});

test('two ends that write as much as they can to each other never wedge', async () => {
  const begun: string[] = [];
  await using relayed = await createRelayed({
    echo: ({ text }) => (begun.push('echo'), Promise.resolve({ text })),
    change: () => (begun.push('change'), Promise.resolve({ text: LONG })),
  });
  const { client, relay } = relayed;
  for (let round = 0; round < 2; round++) {
    relay.pause();
    const calls = Array.from({ length: 12 }, (_, index) =>
      index % 2 ? client.echo({ text: LONG }) : client.change({ text: LONG }),
    );
    const short = Array.from({ length: 20 }, () => client.change({ text: 'a' }));
    await delay(20);
    relay.resume();
    while (begun.length < 10 * (round + 1)) await delay(1);
    // In the middle of it, with both ends full.
    relay.pause();
    await delay(20);
    relay.resume();
    for (const { text } of await Promise.all([...calls, ...short])) expect(text.length).toBe(LONG.length);
  }
});
