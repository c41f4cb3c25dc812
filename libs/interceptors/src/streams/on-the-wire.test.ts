import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { createPolicyTable } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Code, tapReply, type Interceptor } from '@millrace/rpc';
import { createRig, type RigOptions } from '@millrace/rpc/testing';
import { failureOf } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { createFeed } from '../testing/feed.ts';
import { clientStreamTimes } from './client-stream-times.ts';
import { serverStreamTimes } from './server-stream-times.ts';

type Tick = { tick: bigint };

/** Both sides over a real socket, each with a clock of its own, and what came to the client on the way of a reply. */
async function start(handlers: RigOptions['handlers'], options: { isOld?: boolean } = {}) {
  const clocks = { server: new FakeClock(), client: new FakeClock() };
  const arrived: unknown[] = [];
  const watch: Interceptor = async (call, next) =>
    tapReply(await next(call), { message: (message) => void arrived.push(message) });
  const times = clientStreamTimes({ clock: clocks.client });
  const rig = await createRig({
    server: [serverStreamTimes({ clock: clocks.server, random: () => 0.5 })],
    client: options.isOld ? [watch] : [times, watch],
    policies: createPolicyTable([EchoService], { 'millrace.test.v1.EchoService/Chat': { longLived: true } }),
    ...(handlers && { handlers }),
  });
  return { ...rig, clocks, arrived };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate();
}

/** What is due on a clock, once it is set. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await until(() => clock.running > 0);
  clock.advance(ms);
}

test('a watch without news is kept alive by heartbeats, which its reader never sees', async () => {
  const feed = createFeed<Tick>();
  await using rig = await start({ watch: () => feed.messages });
  const reader = rig.client.watch({})[Symbol.asyncIterator]();
  const first = reader.next();
  for (let count = 1; count <= 5; count++) {
    await until(() => feed.messages.isAwaited);
    await pass(rig.clocks.server, 15_000);
    await until(() => rig.arrived.length === count);
    await pass(rig.clocks.client, 44_000);
  }
  feed.push({ tick: 1n });
  expect((await first).value).toMatchObject({ tick: 1n });
  await reader.return?.();
  await feed.left;
  expect([rig.clocks.server.running, rig.clocks.client.running]).toEqual([0, 0]);
});

test('a watch whose server says nothing any more breaks, and the server hears of it', async () => {
  const feed = createFeed<Tick>();
  await using rig = await start({ watch: () => feed.messages });
  const reader = rig.client.watch({})[Symbol.asyncIterator]();
  const failure = failureOf(reader.next());
  await until(() => feed.messages.isAwaited);
  await pass(rig.clocks.client, 45_000);
  expect(await failure).toMatchObject({ code: Code.UNAVAILABLE, reason: 'STREAM_SILENT' });
  await feed.left;
});

test('a client that knows no heartbeats gets none', async () => {
  const feed = createFeed<Tick>();
  await using rig = await start({ watch: () => feed.messages }, { isOld: true });
  const reader = rig.client.watch({})[Symbol.asyncIterator]();
  const first = reader.next();
  await until(() => feed.messages.isAwaited);
  await pass(rig.clocks.server, 600_000);
  feed.push({ tick: 1n });
  await first;
  expect(rig.arrived).toHaveLength(1);
  await reader.return?.();
});

test('an old watch ends with what asks for another, after what was sent', async () => {
  const feed = createFeed<Tick>();
  await using rig = await start({ watch: () => feed.messages }, { isOld: true });
  const reader = rig.client.watch({})[Symbol.asyncIterator]();
  feed.push({ tick: 1n });
  const first = reader.next();
  await until(() => feed.messages.isAwaited);
  await pass(rig.clocks.server, 1_800_000);
  expect((await first).value).toMatchObject({ tick: 1n });
  expect(await failureOf(reader.next())).toMatchObject({
    code: Code.UNAVAILABLE,
    reason: 'MAX_AGE',
    retryDelayMs: 0,
  });
});

test('an old bidi stream answers every request that its handler took, and asks for another stream', async () => {
  const taken: string[] = [];
  const go = Promise.withResolvers<void>();
  await using rig = await start(
    {
      async *chat(requests) {
        for await (const { text } of requests) taken.push(text);
        await go.promise;
        for (const text of taken) yield { text };
      },
    },
    { isOld: true },
  );
  const requests = createFeed<{ text: string }>();
  const reader = rig.client.chat(requests.messages)[Symbol.asyncIterator]();
  const answers = [reader.next(), reader.next()];
  requests.push({ text: 'a' });
  requests.push({ text: 'b' });
  await until(() => taken.length === 2);
  await pass(rig.clocks.server, 1_800_000);
  requests.push({ text: 'too late' });
  go.resolve();
  const texts = (await Promise.all(answers)).map(({ value }) => (value as { text: string }).text);
  expect(texts).toEqual(['a', 'b']);
  expect(await failureOf(reader.next())).toMatchObject({ code: Code.UNAVAILABLE, reason: 'MAX_AGE' });
  await requests.left;
  expect(taken).toEqual(['a', 'b']);
});

test('a reader that takes nothing is cut, and the handler behind it is free', async () => {
  const closed = Promise.withResolvers<void>();
  let made = 0;
  await using rig = await start({
    async *expand() {
      try {
        for (;;) yield { text: 'x'.repeat(10_000), index: made++ };
      } finally {
        closed.resolve();
      }
    },
  });
  const reader = rig.client.expand({})[Symbol.asyncIterator]();
  await reader.next();
  let last = -1;
  while (made !== last) {
    last = made;
    for (let turn = 0; turn < 200; turn++) await setImmediate();
  }
  await pass(rig.clocks.server, 60_000);
  await closed.promise;
  const failure = failureOf(Array.fromAsync({ [Symbol.asyncIterator]: () => reader }));
  expect(await failure).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, reason: 'SLOW_READER' });
});

test('a client that sends nothing is ended', async () => {
  const begun = Promise.withResolvers<void>();
  const requests = createFeed<{ text: string }>();
  await using rig = await start({
    collect: async (texts) => {
      const first = texts[Symbol.asyncIterator]().next();
      begun.resolve();
      await first;
      return {};
    },
  });
  const failure = failureOf(rig.client.collect(requests.messages));
  await begun.promise;
  await pass(rig.clocks.server, 60_000);
  expect(await failure).toMatchObject({ code: Code.DEADLINE_EXCEEDED, reason: 'STREAM_IDLE' });
  await requests.left;
});

test('a server that closes sends watches away at once, lets others finish and holds no timer', async () => {
  const feed = createFeed<Tick>();
  await using rig = await start({ watch: () => feed.messages });
  const watching = failureOf(rig.client.watch({})[Symbol.asyncIterator]().next());
  const requests = createFeed<{ text: string }>();
  const chatting = rig.client.chat(requests.messages)[Symbol.asyncIterator]();
  requests.push({ text: 'before' });
  expect((await chatting.next()).value).toMatchObject({ text: 'before' });
  await until(() => feed.messages.isAwaited);
  const closed = rig.server.close({ graceMs: 10_000 });
  expect(await watching).toMatchObject({ code: Code.UNAVAILABLE, reason: 'SHUTTING_DOWN' });
  requests.push({ text: 'meanwhile' });
  expect((await chatting.next()).value).toMatchObject({ text: 'meanwhile' });
  requests.end();
  expect(await chatting.next()).toMatchObject({ done: true });
  await closed;
  expect([rig.clocks.server.running, rig.clocks.client.running]).toEqual([0, 0]);
});
