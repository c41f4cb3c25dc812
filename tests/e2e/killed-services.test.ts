import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import {
  createHttpClient,
  createObservations,
  createOrderSender,
  createStreamClient,
  openBooks,
  planOrders,
  readFindings,
  takeOrders,
  untilAtRest,
  type OpenBooks,
} from '@millrace/demo';
import { SERVICES, type ServiceName } from '@millrace/dev';
import { sql } from 'kysely';
import { watchOrders, type Change } from './support/event-source.ts';
import { startScratchSystem, type ScratchSystem } from './support/scratch-system.ts';

// Whole systems start here; a busy machine needs its time.
jest.setTimeout(120_000);

const ORDERS = 40;

let system: ScratchSystem;
let books: OpenBooks;
let clients: { http: ReturnType<typeof createHttpClient>; stream: ReturnType<typeof createStreamClient> };
const observed = createObservations();
const watching = new AbortController();
const changes: Change[] = [];
let breaks = 0;
let watcher: Promise<void>;

beforeAll(async () => {
  system = await startScratchSystem({ LOG_LEVEL: 'warn' });
  const { databaseUrl, addresses } = system;
  books = openBooks({ orders: databaseUrl('orders'), payments: databaseUrl('payments') }, observed);
  const token = await system.token('importer', 'importer');
  clients = {
    http: createHttpClient({
      baseUrl: addresses.http,
      token: (subject) => system.token(subject, 'customer'),
      connections: 16,
    }),
    stream: createStreamClient({ address: addresses.grpc, token }),
  };
  watcher = (async () => {
    const options = { token, signal: watching.signal, onBreak: () => void (breaks += 1) };
    for await (const change of watchOrders(system, options)) changes.push(change);
  })();
});
afterAll(async () => {
  watching.abort();
  await watcher;
  await Promise.all([clients?.http.close(), clients?.stream.close(), books?.close()]);
  await system?.stop();
});

/** Takes orders and, half way, kills the service and starts it again while the clients go on. */
async function loseHalfWay(name: ServiceName, seed: number): Promise<string[]> {
  let done = 0;
  let restarted: Promise<void> = Promise.resolve();
  const onDone = () => {
    done += 1;
    if (done === ORDERS / 2) restarted = system.kill(name).then(() => system.restart(name));
  };
  const sender = createOrderSender(observed);
  const failures = await takeOrders(planOrders(ORDERS, seed), { clients, sender, concurrency: 16, onDone });
  await restarted;
  return failures;
}

test.each(SERVICES.map((name, at) => [name, at + 1] as const))(
  'kill -9 of %s under load loses and doubles nothing',
  async (name, seed) => {
    expect(await loseHalfWay(name, seed)).toEqual([]);
    await untilAtRest(books);
    const broken = (await readFindings(books)).filter(({ ok }) => !ok);
    expect(broken).toEqual([]);
    expect(observed.answers.size).toBe(ORDERS * seed);
    expect(system.deaths).toEqual([]);
  },
);

test('a watcher that came back with its last event’s id has seen every change once, in order', async () => {
  const [stored] = await books.orders.rows(sql<{ n: bigint }>`SELECT count(*) AS n FROM outbox`);
  while (changes.length < Number(stored?.n)) await new Promise(setImmediate);
  expect(breaks).toBeGreaterThan(0);
  expect(changes).toHaveLength(Number(stored?.n));
  const last = new Map<string, number>();
  for (const { orderId, sequence } of changes) {
    expect(sequence).toBe((last.get(orderId) ?? 0) + 1);
    last.set(orderId, sequence);
  }
});
