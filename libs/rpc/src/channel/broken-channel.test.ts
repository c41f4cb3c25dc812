import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createBareServer, createTransport, implement, timers } from '../index.ts';
import type { Call, ClientLimits, Interceptor, RpcError, ServerLimits } from '../index.ts';
import { createMuteProxy, createRelay, echo } from '../testing.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(timers.size).toBe(0);
});

const textOf = ({ request }: Call): string => (request as { text: string }).text;

/** A server that says how often each call has run, and holds back those that say so until it is told. */
async function startServer(limits: ServerLimits = {}) {
  const runs = new Map<string, number>();
  const held: Call[] = [];
  const look: Interceptor = async (call, next) => {
    const text = textOf(call);
    runs.set(text, (runs.get(text) ?? 0) + 1);
    if (text.startsWith('hold')) {
      held.push(call);
      await new Promise((resolve) => call.onCancel(resolve));
    }
    return next(call);
  };
  const server = createBareServer({ services: [implement(EchoService, echo)], interceptors: [look], limits });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  closing.push(() => server.close({ graceMs: 0 }));
  return { address: `127.0.0.1:${port}`, runs, held };
}

async function connectedTo(address: string, limits: ClientLimits = {}) {
  const transport = createTransport({ address, limits });
  closing.push(() => transport.close());
  await transport.connect();
  return createBareClient(EchoService, { transport });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(1);
}

const outcomeOf = (call: Promise<{ text: string }>): Promise<string> =>
  call.then(
    ({ text }) => text,
    ({ code, sent }: RpcError) => `${code} ${sent}`,
  );

test('what was sent may have run; what waits for a place goes on over the next connection, once', async () => {
  const { address, runs, held } = await startServer({ maxConcurrentCalls: 5 });
  const relay = await createRelay(address);
  closing.push(() => relay.close());
  const client = await connectedTo(relay.address);
  const running = [1, 2, 3, 4, 5].map((index) => outcomeOf(client.change({ text: `hold ${index}` })));
  await until(() => held.length === 5);
  const texts = Array.from({ length: 50 }, (_, index) => `${index} ${'x'.repeat((index % 5) * 10_000)}`);
  const waiting = texts.map((text) => outcomeOf(client.change({ text })));
  relay.drop();
  expect(await Promise.all(running)).toEqual(running.map(() => `${Code.UNAVAILABLE} maybe`));
  expect(await Promise.all(waiting)).toEqual(texts);
  for (const text of texts) expect(runs.get(text)).toBe(1);
  for (const { cancelled } of held) expect(cancelled).toMatchObject({ code: Code.CANCELLED });
});

test('what waits fails as never sent where there is no other way', async () => {
  const { address, runs, held } = await startServer({ maxConcurrentCalls: 2 });
  const relay = await createRelay(address);
  const client = await connectedTo(relay.address);
  const running = ['hold a', 'hold b'].map((text) => outcomeOf(client.change({ text })));
  await until(() => held.length === 2);
  const waiting = ['c', 'd', 'e'].map((text) => outcomeOf(client.change({ text })));
  relay.cut();
  expect(await Promise.all(running)).toEqual(running.map(() => `${Code.UNAVAILABLE} maybe`));
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => `${Code.UNAVAILABLE} never`));
  expect([...runs.keys()]).toEqual(['hold a', 'hold b']);
});

test('long requests that are half sent and long replies that are half there may have run', async () => {
  const { address } = await startServer();
  const relay = await createRelay(address);
  closing.push(() => relay.close());
  const client = await connectedTo(relay.address);
  const text = 'x'.repeat(4_000_000);
  const upBytes = relay.upBytes;
  const calls = [1, 2, 3, 4, 5, 6, 7, 8].map(() => outcomeOf(client.change({ text })));
  await until(() => relay.upBytes > upBytes + 1_000_000);
  relay.drop();
  // Those that still waited for room have gone on over the next connection.
  for (const outcome of await Promise.all(calls)) {
    expect([`${Code.UNAVAILABLE} maybe`, text]).toContain(outcome);
  }
});

test('a server whose connections break under load costs no call that may run twice, and none runs twice that may not', async () => {
  const members = await Promise.all([1, 2, 3].map(() => startServer()));
  const relays = await Promise.all(members.map(({ address }) => createRelay(address)));
  for (const relay of relays) closing.push(() => relay.close());
  const client = await connectedTo(relays.map(({ address }) => address).join(','));
  const failures = new Map<string, RpcError>();
  let [isOver, answered] = [false, 0];
  const worker = async (name: number): Promise<void> => {
    for (let index = 0; !isOver; index++) {
      const text = `${name} ${index} ${'x'.repeat(index % 5 === 0 ? 50_000 : 10)}`;
      const call =
        index % 2 ? client.echo({ text: `echo ${text}` }) : client.change({ text: `change ${text}` });
      await call.then(
        () => (answered += 1),
        (error: RpcError) => failures.set(index % 2 ? 'echo' : `change ${text}`, error),
      );
    }
  };
  const workers = Array.from({ length: 30 }, (_, name) => worker(name));
  for (let round = 1; round <= 6; round++) {
    await until(() => answered >= round * 200);
    relays[round % 3]?.drop();
  }
  await until(() => answered >= 1_500);
  isOver = true;
  await Promise.all(workers);
  const runs = (text: string): number => members.reduce((sum, one) => sum + (one.runs.get(text) ?? 0), 0);
  for (const [text, { code, sent }] of failures) {
    expect(text).toMatch(/^change/);
    expect([code, sent]).toEqual([Code.UNAVAILABLE, 'maybe']);
    expect(runs(text)).toBeLessThanOrEqual(1);
  }
  for (const { runs: own } of members) {
    for (const [text, count] of own)
      if (text.startsWith('change')) expect([text, count, runs(text)]).toEqual([text, 1, 1]);
  }
});

test('a half-open connection is noticed, and its calls may have run', async () => {
  const { address, held } = await startServer();
  const proxy = await createMuteProxy(address);
  closing.push(() => proxy.close());
  const client = await connectedTo(proxy.address);
  const calls = [1, 2, 3].map((index) => outcomeOf(client.echo({ text: `hold ${index}` })));
  await until(() => held.length === 3);
  const startMs = performance.now();
  proxy.mute();
  expect(await Promise.all(calls)).toEqual(calls.map(() => `${Code.UNAVAILABLE} maybe`));
  expect(performance.now() - startMs).toBeLessThan(7_000);
}, 20_000);
