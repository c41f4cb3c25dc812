import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, jest, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import {
  Code,
  createBareClient,
  createTransport,
  RpcError,
  type Interceptor,
  type TransportOptions,
} from '../index.ts';
import { createRig, createTestAuthority, createTlsFolder } from '../testing.ts';
import { startHttp2Peer } from '../testing/http2-peer.ts';
import { startMember, type Member, type MemberOptions } from '../testing/member.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  jest.useRealTimers();
  for (const close of closing.splice(0).reverse()) await close();
});

async function member(options?: MemberOptions): Promise<Member> {
  const started = await startMember(options);
  closing.push(() => started.close());
  return started;
}

function clientOf(options: TransportOptions) {
  const transport = createTransport(options);
  closing.push(() => transport.close());
  return createBareClient(EchoService, { transport });
}

/** Several servers on one port of several addresses, behind one name. */
async function named(count: number): Promise<{ members: Member[]; port: number; ips: string[] }> {
  const first = await member();
  const members = [first];
  for (let index = 2; index <= count; index++) {
    members.push(await member({ host: `127.0.0.${index}`, port: first.port }));
  }
  return { members, port: first.port, ips: members.map((_, index) => `127.0.0.${index + 1}`) };
}

/** So many workers that call one after the other. */
async function load(call: (index: number) => Promise<unknown>, total: number, workers = 8): Promise<void> {
  let made = 0;
  await Promise.all(
    Array.from({ length: workers }, async () => {
      while (made < total) await call(made++);
    }),
  );
}

const slowed: Interceptor = async (call, next) => {
  await delay(50);
  return next(call);
};

const addresses = (members: readonly Member[]): string => members.map(({ address }) => address).join(',');

test('a server that is 50 ms slower gets far fewer calls, the others equal shares', async () => {
  const [fast, other, slow] = [await member(), await member(), await member({ interceptor: slowed })];
  const client = clientOf({ address: addresses([fast, other, slow]) });
  await load(() => client.echo({}), 600, 4);
  expect(slow.calls).toBeLessThan(100);
  expect(fast.calls).toBeGreaterThan(150);
  expect(other.calls).toBeGreaterThan(150);
});

test('an address where nobody listens gets no call, and none fails', async () => {
  const [one, other] = [await member(), await member()];
  const gone = await startMember();
  await gone.close();
  const client = clientOf({ address: addresses([gone, one, other]) });
  await load(() => client.echo({}), 100);
  expect(one.calls + other.calls).toBe(100);
});

test('a peer that never speaks gets no call, and nobody waits for it', async () => {
  const mute = createServer((socket) => void closing.push(() => socket.destroy()));
  closing.push(() => mute.close());
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const one = await member();
  const { port } = mute.address() as AddressInfo;
  const client = clientOf({
    address: `127.0.0.1:${port},${one.address}`,
    limits: { connectTimeoutMs: 60_000 },
  });
  await load(() => client.echo({}), 20);
  expect(one.calls).toBe(20);
});

test('where no address answers, a call is UNAVAILABLE, was never sent, and says why', async () => {
  const [one, other] = [await startMember(), await startMember()];
  await one.close();
  await other.close();
  const client = clientOf({ address: addresses([one, other]) });
  const failure = client.echo({});
  await expect(failure).rejects.toMatchObject({
    code: Code.UNAVAILABLE,
    sent: 'never',
    message: expect.stringContaining('ECONNREFUSED') as unknown,
  });
});

test('a name that is not known is asked for again at the next call', async () => {
  const { address, port } = await member();
  let known: string[] = [];
  const client = clientOf({ address: `order:${port}`, lookup: () => Promise.resolve(known) });
  await expect(client.echo({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
  known = [address.split(':')[0] ?? ''];
  await expect(client.echo({ text: 'now' })).resolves.toMatchObject({ text: 'now' });
});

test('a deadline and a cancellation end the wait for a name', async () => {
  const client = clientOf({ address: 'order:1', lookup: () => new Promise(() => undefined) });
  const late = client.echo({}, { timeoutMs: 20 });
  await expect(late).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'never' });
  const controller = new AbortController();
  const left = client.echo({}, { signal: controller.signal });
  controller.abort();
  await expect(left).rejects.toMatchObject({ code: Code.CANCELLED, sent: 'never' });
});

test('calls name the server by the name that was given, not by the address', async () => {
  const seen: unknown[] = [];
  await using peer = await startHttp2Peer((stream, headers) => {
    seen.push(headers[':authority']);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' },
      { endStream: true },
    );
  });
  const address = `order:${peer.address.split(':')[1]}`;
  const client = clientOf({ address, lookup: () => Promise.resolve(['127.0.0.1']) });
  await expect(client.echo({})).rejects.toMatchObject({ code: Code.NOT_FOUND });
  expect(seen).toEqual([address]);
});

test('certificates are checked against the name, not against the address', async () => {
  const authority = createTestAuthority();
  using folder = createTlsFolder(authority.issue({ name: 'order', dnsNames: ['order'] }), authority.cert);
  const { certFile, keyFile, caFile } = folder;
  await using rig = await createRig({ tls: { server: { certFile, keyFile }, client: { caFile } } });
  const port = rig.address.split(':')[1];
  const callBy = (name: string) =>
    clientOf({
      address: `${name}:${port}`,
      lookup: () => Promise.resolve(['127.0.0.1']),
      tls: { caFile },
    }).echo({ text: 'hello' });
  await expect(callBy('order')).resolves.toMatchObject({ text: 'hello' });
  await expect(callBy('payment')).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
});

test('a new address takes its share within two lookups', async () => {
  jest.useFakeTimers({ doNotFake: everythingBut('setInterval', 'clearInterval') });
  const { members, port, ips } = await named(3);
  let known = ips.slice(0, 2);
  const client = clientOf({ address: `order:${port}`, lookup: () => Promise.resolve(known) });
  await load(() => client.echo({}), 50);
  known = ips;
  jest.advanceTimersByTime(3_000);
  await load(() => client.echo({}), 600);
  const [, , fresh] = members;
  expect(fresh?.calls).toBeGreaterThan(100);
});

test('an address that has vanished gets no more calls, and the call that runs there finishes', async () => {
  jest.useFakeTimers({ doNotFake: everythingBut('setInterval', 'clearInterval') });
  const { members, port, ips } = await named(2);
  let known = ips.slice(0, 1);
  const client = clientOf({ address: `order:${port}`, lookup: () => Promise.resolve(known) });
  const requests = new TransformStream<{ text: string }>();
  const writer = requests.writable.getWriter();
  const answers = client.chat(requests.readable)[Symbol.asyncIterator]();
  void writer.write({ text: 'one' });
  expect((await answers.next()).value).toMatchObject({ text: 'one' });
  known = ips.slice(1);
  const [old, fresh] = members as [Member, Member];
  while (fresh.calls === 0) {
    jest.advanceTimersByTime(3_000);
    await client.echo({});
  }
  const before = old.calls;
  await load(() => client.echo({}), 50);
  expect(old.calls).toBe(before);
  void writer.write({ text: 'two' });
  expect((await answers.next()).value).toMatchObject({ text: 'two' });
  await writer.close();
  expect((await answers.next()).done).toBe(true);
});

function everythingBut(...names: string[]) {
  const all = [
    'Date',
    'hrtime',
    'nextTick',
    'performance',
    'queueMicrotask',
    'setImmediate',
    'clearImmediate',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'clearTimeout',
  ] as const;
  return all.filter((name) => !names.includes(name));
}

test('a server that fails call after call is left out, tried again, and taken back when it is well', async () => {
  let isBroken = true;
  let failures = 0;
  const failing: Interceptor = (call, next) => {
    if (!isBroken) return next(call);
    failures += 1;
    return Promise.reject(new RpcError(Code.INTERNAL, 'broken'));
  };
  const bad = await member({ interceptor: failing });
  const good = await member();
  const client = clientOf({ address: `${bad.address},${good.address}` });
  const callTogether = (count: number) =>
    Promise.allSettled(Array.from({ length: count }, () => client.echo({})));
  while (failures < 5) await callTogether(20);
  const before = failures;
  for (let index = 0; index < 20; index++) await callTogether(10);
  // But for a call to try with, on a machine that takes a second for this.
  expect(failures).toBeLessThanOrEqual(before + 2);
  isBroken = false;
  const { calls } = bad;
  while (bad.calls < calls + 20) await callTogether(2);
});
