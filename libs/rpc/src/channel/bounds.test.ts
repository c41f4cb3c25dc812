import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport, timers, type RpcError } from '../index.ts';
import { createRelay, createRig } from '../testing.ts';
import type { Rig, RigOptions } from '../testing.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

afterEach(() => expect(timers.size).toBe(0));

const [CHANNEL] = WAYS as [(typeof WAYS)[number]];

/** A rig whose calls are held back until they are let go. */
async function createHolding(limits: NonNullable<RigOptions['limits']>) {
  const begun: string[] = [];
  const waiting: (() => void)[] = [];
  const handlers: RigOptions['handlers'] = {
    echo: async ({ text }, call) => {
      begun.push(text);
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        call.onCancel(() => resolve());
      });
      return { text };
    },
  };
  const rig = await createRigFor(CHANNEL, { limits, handlers });
  const letGo = (count = Infinity): void => {
    for (const go of waiting.splice(0, count)) go();
  };
  return { rig, begun, letGo, [Symbol.asyncDispose]: () => (letGo(), rig.close()) };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(1);
}

const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'answered',
    ({ code, reason, sent }: RpcError) => [code, reason, sent],
  );

const callsOf = ({ client }: Rig, count: number, options = {}) =>
  Array.from({ length: count }, (_, index) => outcomeOf(client.echo({ text: `${index}` }, options)));

const FULL = [Code.RESOURCE_EXHAUSTED, 'CHANNEL_FULL', 'never'];

test('more calls than the server takes wait, and begin in their order as places become free', async () => {
  await using held = await createHolding({ server: { maxConcurrentCalls: 4 } });
  const { rig, begun, letGo } = held;
  const calls = callsOf(rig, 20);
  await until(() => begun.length === 4);
  for (let round = 1; round <= 4; round++) {
    await delay(5);
    expect(begun).toHaveLength(4 * round);
    letGo(4);
    await until(() => begun.length === 4 * (round + 1));
  }
  letGo();
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'answered'));
  expect(begun).toEqual(calls.map((_, index) => `${index}`));
});

test('a thousand calls are cancelled at once, and their places are free', async () => {
  await using held = await createHolding({});
  const { rig, begun, letGo } = held;
  const controller = new AbortController();
  const calls = callsOf(rig, 1_000, { signal: controller.signal });
  const waiting = callsOf(rig, 1_000);
  await until(() => begun.length === 1_000);
  controller.abort();
  expect(await Promise.all(calls)).toEqual(calls.map(() => [Code.CANCELLED, 'CANCELLED', 'maybe']));
  await until(() => begun.length === 2_000);
  letGo();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'answered'));
});

test('no more calls wait than may', async () => {
  await using held = await createHolding({
    server: { maxConcurrentCalls: 4 },
    client: { maxQueuedCalls: 10 },
  });
  const { rig, begun, letGo } = held;
  const calls = callsOf(rig, 20);
  expect(await Promise.all(calls.slice(14))).toEqual([FULL, FULL, FULL, FULL, FULL, FULL]);
  await until(() => begun.length === 4);
  while (begun.length < 14) {
    letGo();
    await delay(1);
  }
  letGo();
  expect(await Promise.all(calls.slice(0, 14))).toEqual(calls.slice(0, 14).map(() => 'answered'));
  expect(begun).toHaveLength(14);
});

test('none waits longer than it may, and those that leave make room for others', async () => {
  await using held = await createHolding({
    server: { maxConcurrentCalls: 2 },
    client: { maxQueuedCalls: 3, maxQueuedMs: 60 },
  });
  const { rig, begun, letGo } = held;
  const running = callsOf(rig, 2);
  const startMs = performance.now();
  expect(await Promise.all(callsOf(rig, 3))).toEqual([FULL, FULL, FULL]);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(60);
  const controller = new AbortController();
  const cancelled = callsOf(rig, 1, { signal: controller.signal });
  const late = callsOf(rig, 1, { timeoutMs: 20 });
  expect(await Promise.all(late)).toEqual([[Code.DEADLINE_EXCEEDED, 'DEADLINE_EXCEEDED', 'never']]);
  controller.abort();
  expect(await Promise.all(cancelled)).toEqual([[Code.CANCELLED, 'CANCELLED', 'never']]);
  const last = callsOf(rig, 3);
  letGo();
  await until(() => begun.length === 4);
  letGo();
  await until(() => begun.length === 5);
  letGo();
  expect(await Promise.all([...running, ...last])).toEqual(Array.from({ length: 5 }, () => 'answered'));
});

test('a channel leaves a place for streams', async () => {
  await using held = await createHolding({ server: { maxConcurrentCalls: 1 } });
  const { rig, begun, letGo } = held;
  expect(await rig.call('bidi', ['a', 'b'], { timeoutMs: 5_000 })).toEqual(['a', 'b']);
  const calls = callsOf(rig, 2);
  await until(() => begun.length === 1);
  expect(await rig.call('serverStream', ['a'], { timeoutMs: 5_000 })).toEqual(['a', 'a']);
  letGo();
  await until(() => begun.length === 2);
  letGo();
  expect(await Promise.all(calls)).toEqual(['answered', 'answered']);
});

test('a connection without calls is closed after a while although a channel is open on it', async () => {
  await using rig = await createRig({ limits: { server: { maxConnectionIdleMs: 500 } } });
  const relay = await createRelay(rig.address);
  const transport = createTransport({ address: relay.address });
  await transport.connect();
  const client = createBareClient(EchoService, { transport });
  // As long as there are calls it stays, whatever they take.
  for (let count = 0; count < 60; count++) {
    await client.change({});
    await delay(20);
  }
  expect(relay.connections).toBe(1);
  await relay.quiet();
  expect((await client.echo({ text: 'a' })).text).toBe('a');
  expect(relay.connections).toBe(2);
  await transport.close();
  relay.close();
});
