import { constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import { afterEach, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareClient, createTransport, RpcError, type Call, type Interceptor } from '../index.ts';
import { createRelay, type Relay } from '../testing.ts';
import { startHttp2Peer } from '../testing/http2-peer.ts';
import { startMember } from '../testing/member.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function clientOf(address: string) {
  const transport = createTransport({ address });
  closing.push(() => transport.close());
  return createBareClient(EchoService, { transport });
}

const textOf = ({ request }: Call): string => (request as { text: string }).text;

/** Three servers behind relays, and how often each text has run on any of them. */
async function startThree(): Promise<{ relays: Relay[]; address: string; runs: Map<string, number> }> {
  const runs = new Map<string, number>();
  const count: Interceptor = async (call, next) => {
    runs.set(textOf(call), (runs.get(textOf(call)) ?? 0) + 1);
    await delay(5);
    return next(call);
  };
  const relays = await Promise.all(
    [1, 2, 3].map(async () => {
      const member = await startMember({ interceptor: count });
      closing.push(() => member.close());
      const relay = await createRelay(member.address);
      closing.push(() => relay.close());
      return relay;
    }),
  );
  return { relays, address: relays.map(({ address }) => address).join(','), runs };
}

test('when a server breaks under load, what may run twice succeeds elsewhere, and nothing else runs twice', async () => {
  const { relays, address, runs } = await startThree();
  const client = clientOf(address);
  await Promise.all(Array.from({ length: 30 }, (_, index) => client.echo({ text: `warm ${index}` })));
  const outcomes = new Map<string, unknown>();
  const settle = async (text: string, reply: Promise<unknown>): Promise<void> => {
    outcomes.set(text, await reply.catch((error: unknown) => error));
    if (outcomes.size === 100) relays[0]?.cut();
  };
  const worker = async (name: number): Promise<void> => {
    for (let index = 0; index < 10; index++) {
      const text = `${name} ${index}`;
      await settle(`echo ${text}`, client.echo({ text: `echo ${text}` }));
      await settle(`change ${text}`, client.change({ text: `change ${text}` }));
      const expanded = Array.fromAsync(client.expand({ text: `expand ${text}`, count: 2 }));
      await settle(`expand ${text}`, expanded);
    }
  };
  await Promise.all(Array.from({ length: 30 }, (_, name) => worker(name)));
  expect(outcomes.size).toBe(900);
  const failures = [...outcomes].filter(([, outcome]) => outcome instanceof Error);
  for (const [text, failure] of failures) {
    expect(text).toMatch(/^change/);
    expect(failure).toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
  }
  // Something was under way there, or the test shows nothing.
  expect(failures.length + [...runs.values()].filter((times) => times > 1).length).toBeGreaterThan(0);
  for (const [text, times] of runs) if (text.startsWith('change')) expect(times).toBe(1);
});

test('a call that a server turned away goes once to another', async () => {
  await using turning = await startHttp2Peer((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  const member = await startMember();
  closing.push(() => member.close());
  const client = clientOf(`${turning.address},${member.address}`);
  const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
  const replies = await Promise.all(texts.map((text) => client.change({ text })));
  expect(replies.map(({ text }) => text)).toEqual(texts);
});

test('what goes to another server is counted, apart from retries', async () => {
  const added: unknown[] = [];
  const counter = { add: (...what: unknown[]) => added.push(what) };
  const provider = {
    getMeter: () => ({
      createCounter: (name: string) => (name === 'millrace.client.redispatches' ? counter : undefined),
    }),
  };
  metrics.setGlobalMeterProvider(provider as never);
  closing.push(() => metrics.disable());
  await using turning = await startHttp2Peer((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
  const member = await startMember();
  closing.push(() => member.close());
  const client = clientOf(`${turning.address},${member.address}`);
  while (added.length === 0) await client.change({});
  expect(added[0]).toEqual([1, { 'rpc.method': 'millrace.test.v1.EchoService/Change' }]);
});

test('only once: where all turn it away, the caller is told', async () => {
  let seen = 0;
  const turnAway = () =>
    startHttp2Peer((stream) => {
      seen += 1;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
  await using one = await turnAway();
  await using other = await turnAway();
  await using third = await turnAway();
  const client = clientOf([one, other, third].map(({ address }) => address).join(','));
  await expect(client.echo({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'refused' });
  expect(seen).toBe(2);
});

test('a refusal by the server itself is its word, and goes nowhere else', async () => {
  let calls = 0;
  const refuse: Interceptor = () => {
    calls += 1;
    const overloaded = { reason: 'OVERLOADED', sent: 'refused', retryDelayMs: 100 } as const;
    return Promise.reject(new RpcError(Code.UNAVAILABLE, 'too much to do', overloaded));
  };
  const members = await Promise.all([1, 2].map(() => startMember({ interceptor: refuse })));
  for (const member of members) closing.push(() => member.close());
  const client = clientOf(members.map(({ address }) => address).join(','));
  await expect(client.echo({})).rejects.toMatchObject({ reason: 'OVERLOADED' });
  expect(calls).toBe(1);
});

test('a server that comes back is used again', async () => {
  const [one, other] = [await startMember(), await startMember()];
  closing.push(() => other.close());
  const client = clientOf(`${one.address},${other.address}`);
  await client.echo({});
  await one.close();
  for (let index = 0; index < 10; index++) await client.echo({});
  const back = await startMember({ port: one.port });
  closing.push(() => back.close());
  while (back.calls === 0) await client.echo({});
});
