import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { createBareClient, createBareServer, createTransport, implement, timers } from '../index.ts';
import type { Client, Interceptor, RpcError, RpcServer, ServerLimits } from '../index.ts';
import { createRelay, echo } from '../testing.ts';

const GRACE_MS = 20_000;

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  expect(timers.size).toBe(0);
});

/** How often each call has begun, on any server, and which went by channels. */
interface Books {
  readonly runs: Map<string, number>;
  channelCalls: number;
}

const createBooks = (): Books => ({ runs: new Map(), channelCalls: 0 });

interface Member {
  readonly server: RpcServer;
  readonly address: string;
  readonly port: number;
}

async function startServer(books: Books, limits: ServerLimits = {}, port = 0): Promise<Member> {
  const count: Interceptor = async (call, next) => {
    const { text } = call.request as { text: string };
    books.runs.set(text, (books.runs.get(text) ?? 0) + 1);
    if (call.metadata.get('user-agent') === undefined) books.channelCalls += 1;
    await delay(Math.random() * 4);
    return next(call);
  };
  const server = createBareServer({
    services: [implement(EchoService, echo)],
    interceptors: [count],
    limits,
  });
  const listening = await server.listen({ host: '127.0.0.1', port });
  closing.push(() => server.close({ graceMs: 0 }));
  return { server, address: `127.0.0.1:${listening.port}`, port: listening.port };
}

async function clientOf(address: string): Promise<Client<typeof EchoService>> {
  const transport = createTransport({ address });
  closing.push(() => transport.close());
  await transport.connect();
  return createBareClient(EchoService, { transport });
}

/** Calls without a pause until it is told to stop: some short, some long, nothing known about repeating them. */
function createLoad(client: Client<typeof EchoService>) {
  const failures: unknown[] = [];
  const answered: string[] = [];
  let [isOver, refused] = [false, 0];
  const worker = async (name: number): Promise<void> => {
    for (let index = 0; !isOver; index++) {
      const text = `${name} ${index} ${'x'.repeat(index % 7 === 0 ? 40_000 : 10)}`;
      try {
        expect((await client.change({ text })).text === text).toBe(true);
        answered.push(text);
      } catch (error) {
        // Before a new connection has its channel, calls are streams; what comes behind a GOAWAY is refused, and whoever retries retries it.
        if ((error as RpcError).sent === 'refused') refused += 1;
        else failures.push(error);
      }
    }
  };
  const workers = Array.from({ length: 40 }, (_, name) => worker(name));
  /** Until so many more have been answered. */
  const more = async (count: number): Promise<void> => {
    const wanted = answered.length + count;
    while (answered.length < wanted && failures.length === 0) await delay(2);
  };
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(workers);
  };
  return { answered, failures, more, stop, refused: () => refused };
}

/** No call has failed, each has run once, and most went by channels. */
function expectWell({ answered, failures, refused }: ReturnType<typeof createLoad>, books: Books): void {
  expect(failures).toEqual([]);
  const twice = [...books.runs].filter(([, count]) => count > 1);
  expect(twice).toEqual([]);
  expect(books.runs.size).toBe(answered.length);
  expect(books.channelCalls).toBeGreaterThan(answered.length / 4);
  expect(refused()).toBeLessThan(answered.length / 50);
}

test('at one address, calls go on to the server that comes after, and each runs once', async () => {
  const books = createBooks();
  let old = await startServer(books);
  const relay = await createRelay(old.address);
  closing.push(() => relay.close());
  const load = createLoad(await clientOf(relay.address));
  for (let round = 0; round < 5; round++) {
    await load.more(300);
    const next = await startServer(books);
    relay.pointTo(next.address);
    await old.server.close({ graceMs: GRACE_MS });
    old = next;
  }
  await load.more(300);
  await load.stop();
  expectWell(load, books);
  expect(relay.connections).toBeGreaterThanOrEqual(6);
});

test('in a pool, calls go on to the others, and each runs once', async () => {
  const books = createBooks();
  const members = await Promise.all([1, 2, 3].map(() => startServer(books)));
  const load = createLoad(await clientOf(members.map(({ address }) => address).join(',')));
  for (const { server } of members.slice(0, 2)) {
    await load.more(300);
    await server.close({ graceMs: GRACE_MS });
  }
  await load.more(300);
  await load.stop();
  expectWell(load, books);
});

test('three members are restarted one after the other, twice, and no call fails', async () => {
  const books = createBooks();
  const members = await Promise.all([1, 2, 3].map(() => startServer(books)));
  const load = createLoad(await clientOf(members.map(({ address }) => address).join(',')));
  for (let round = 0; round < 6; round++) {
    await load.more(200);
    const old = members[round % 3] as Member;
    await old.server.close({ graceMs: GRACE_MS });
    members[round % 3] = await startServer(books, {}, old.port);
  }
  await load.more(300);
  await load.stop();
  expectWell(load, books);
});

describe.each([
  ['at one address', 1],
  ['in a pool', 3],
])('%s', (_where, count) => {
  test('connections that get old are replaced, and no call fails for it', async () => {
    const books = createBooks();
    const limits = { maxConnectionAgeMs: 200, maxConnectionAgeGraceMs: GRACE_MS };
    const members = await Promise.all(Array.from({ length: count }, () => startServer(books, limits)));
    const relays = await Promise.all(members.map(({ address }) => createRelay(address)));
    for (const relay of relays) closing.push(() => relay.close());
    const load = createLoad(await clientOf(relays.map(({ address }) => address).join(',')));
    while (relays.some(({ connections }) => connections < 5) && load.failures.length === 0)
      await load.more(50);
    await load.stop();
    expectWell(load, books);
  });
});
