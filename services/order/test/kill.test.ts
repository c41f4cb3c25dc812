import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OrderStatus, type PlaceOrderResponse } from '@millrace/contracts';
import { createDatabase, type Database } from '@millrace/durable';
import { createTestDatabase, type TestDatabase } from '@millrace/durable/testing';
import { Code, createTransport, RpcError } from '@millrace/rpc';
import { sql } from 'kysely';
import type { OrderSchema } from '../src/migrations/schema.ts';
import { createTestKeys } from './support/keys.ts';
import { startPaymentServer, type PaymentServer } from './support/payment-server.ts';
import { anOrder, createShop, eventually } from './support/rig.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const ORDERS = 100;
const AT_ONCE = 20;

let keys: Awaited<ReturnType<typeof createTestKeys>>;
let database: TestDatabase;
let db: Database<OrderSchema>;
let payments: PaymentServer;
beforeAll(async () => {
  keys = await createTestKeys();
  database = await createTestDatabase();
  db = createDatabase<OrderSchema>({ url: database.url });
  payments = await startPaymentServer(keys.dir);
});
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await payments.stop();
  await db.close();
  await database.drop();
  await keys.remove();
});

/** The real process. */
async function startProcess() {
  const env = {
    ...process.env,
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    BUS_URL: database.url,
    PAYMENT_ADDRESS: payments.address,
    KEYS_DIR: keys.dir,
    GRPC_PORT: '0',
    OPS_PORT: '0',
  };
  const child = fork(MAIN, { env, execArgv: ['--conditions=source'] });
  children.push(child);
  const ended = once(child, 'exit');
  const [{ addresses }] = (await once(child, 'message')) as [{ addresses: { grpc: string } }];
  return {
    transport: createTransport({ address: addresses.grpc }),
    end: async (signal: 'SIGKILL' | 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

const count = async (query: ReturnType<typeof sql<{ found: bigint }>>) => {
  const { rows } = await db.read((on) => query.execute(on));
  return rows[0]?.found;
};

test('a process that is killed in the middle of many orders loses none and charges none twice', async () => {
  const requests = Array.from({ length: ORDERS }, () => anOrder());
  const acknowledged = new Map<string, PlaceOrderResponse>();
  const first = await startProcess();
  const dying = createShop(first.transport, keys.dir, { subject: 'ada' });
  const halfWay = Promise.withResolvers<void>();
  const ahead = requests.values();
  // Not all at once: orders that come together are answered together, and none would be under way any more.
  const send = async (): Promise<void> => {
    for (const request of ahead) {
      acknowledged.set(request.idempotencyKey, await dying.orders.placeOrder(request));
      if (acknowledged.size === ORDERS / 4) halfWay.resolve();
    }
  };
  const settled = Promise.allSettled(Array.from({ length: AT_ONCE }, send));
  await halfWay.promise;
  await first.end('SIGKILL');
  await settled;
  await first.transport.close();
  const before = new Map(acknowledged);
  expect(before.size).toBeLessThan(ORDERS);

  const second = await startProcess();
  const { orders } = createShop(second.transport, keys.dir, { subject: 'ada' });
  // What the killed process was working on is free when its leases end; until then a key may have to be sent again.
  const decide = async (request: (typeof requests)[number]): Promise<PlaceOrderResponse> =>
    orders.placeOrder(request).catch((error: unknown) => {
      if (error instanceof RpcError && error.code === Code.DEADLINE_EXCEEDED) return decide(request);
      throw error;
    });
  const replies = await Promise.all(requests.map(decide));
  requests.forEach(({ idempotencyKey }, index) => {
    const known = before.get(idempotencyKey);
    if (known) expect(replies[index]).toEqual(known);
    expect(replies[index]?.order?.status).toBe(OrderStatus.CONFIRMED);
  });

  expect(await count(sql`SELECT count(*) AS found FROM orders`)).toBe(BigInt(ORDERS));
  expect(await count(sql`SELECT count(*) AS found FROM saga WHERE state <> 'completed'`)).toBe(0n);
  expect(await count(sql`SELECT reserved AS found FROM products WHERE sku = 'MUG'`)).toBe(0n);
  expect(await count(sql`SELECT 10000000 - on_hand AS found FROM products WHERE sku = 'MUG'`)).toBe(
    BigInt(2 * ORDERS),
  );
  const charged = payments.ledger
    .filter(({ method }) => method === 'capture')
    .map(({ paymentId }) => paymentId);
  expect(new Set(charged).size).toBe(charged.length);
  expect(await count(sql`SELECT sum(total_minor)::bigint AS found FROM orders`)).toBe(
    payments.balanceMinor(),
  );
  // Every change has its event, and the relay of the second process stamps what the first one left behind.
  await eventually(async () =>
    (await count(sql`SELECT count(*) AS found FROM outbox WHERE position IS NULL`)) === 0n ? true : undefined,
  );
  const perOrder = sql<{ found: bigint }>`
    SELECT count(*) AS found FROM orders WHERE sequence = (
      SELECT count(*) FROM outbox WHERE aggregate_id = orders.id::text AND outbox.sequence <= orders.sequence)`;
  expect(await count(perOrder)).toBe(BigInt(ORDERS));
  await second.transport.close();
  await second.end('SIGTERM');
}, 60_000);
