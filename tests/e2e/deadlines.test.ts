import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { createObservations, openBooks, untilAtRest } from '@millrace/demo';
import { createDatabase, type Database } from '@millrace/durable';
import { sql } from 'kysely';
import { send } from './support/http.ts';
import { startScratchSystem, type ScratchSystem } from './support/scratch-system.ts';

// Whole systems start here; a busy machine needs its time.
jest.setTimeout(120_000);

let system: ScratchSystem;
let db: Database<unknown>;
let token: string;
let orderId: string;

beforeAll(async () => {
  system = await startScratchSystem({ LOG_LEVEL: 'debug' });
  db = createDatabase<unknown>({ url: system.databaseUrl('orders'), maxConnections: 4 });
  token = await system.token('ada', 'customer');
  const placed = await send(system, '/v1/orders', {
    token,
    headers: { 'idempotency-key': 'one' },
    body: { currencyCode: 'GBP', lines: [{ sku: 'MUG', quantity: 1 }] },
  });
  orderId = String(placed.body.order?.id);
  // Only what a test asks for may wait for its lock, not the last event of this order.
  const { databaseUrl: url } = system;
  const books = openBooks({ orders: url('orders'), payments: url('payments') }, createObservations());
  await untilAtRest(books);
  await books.close();
});
afterAll(async () => {
  await db?.close();
  await system?.stop();
});

/** Statements of the order service that wait for a lock. */
async function waiting(): Promise<number> {
  const { rows } = await db.read((one) =>
    sql<{ n: bigint }>`SELECT count(*) AS n FROM pg_stat_activity
      WHERE application_name = 'order' AND state = 'active' AND wait_event_type = 'Lock'`.execute(one),
  );
  return Number(rows[0]?.n);
}

/** Polls until as many statements wait; returns how long that took. */
async function untilWaiting(count: number): Promise<number> {
  const start = performance.now();
  while ((await waiting()) !== count) await new Promise(setImmediate);
  return performance.now() - start;
}

/** Keeps the orders from being read by anybody else while `work` runs. */
async function withOrdersLocked(work: () => Promise<void>): Promise<void> {
  await db.transaction(async (tx) => {
    await sql`LOCK TABLE orders IN ACCESS EXCLUSIVE MODE`.execute(tx);
    await work();
  });
}

interface LogEntry {
  method?: string;
  code?: string;
  durationMs?: number;
  server?: string;
}

/** How the last GetOrder of a service ended by its own log; waits for that line. */
async function lastGetOrder(service: 'gateway' | 'order', after: number): Promise<LogEntry> {
  for (;;) {
    const entries = system.lines[service]
      .slice(after)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogEntry);
    const found = entries.find(({ method, server }) => server === service && method?.endsWith('/GetOrder'));
    if (found) return found;
    await new Promise(setImmediate);
  }
}

test('a deadline given at the gateway shortens at every hop and ends the SQL behind it', async () => {
  const before = { gateway: system.lines.gateway.length, order: system.lines.order.length };
  await withOrdersLocked(async () => {
    const start = performance.now();
    const answer = send(system, `/v1/orders/${orderId}`, { token, headers: { 'request-timeout': '0.6' } });
    await untilWaiting(1);
    expect(await answer).toMatchObject({ status: 504, body: { code: 'DEADLINE_EXCEEDED' } });
    const tookMs = performance.now() - start;
    await untilWaiting(0);
    const goneMs = performance.now() - start;
    expect(tookMs).toBeGreaterThan(500);
    expect(tookMs).toBeLessThan(700);
    expect(goneMs).toBeLessThan(700);
  });
  for (const hop of ['gateway', 'order'] as const) {
    const { code, durationMs } = await lastGetOrder(hop, before[hop]);
    // Both know the deadline; behind a timer that is late the word of the hop in front may come first.
    expect(['DEADLINE_EXCEEDED', ...(hop === 'order' ? ['CANCELLED'] : [])]).toContain(code);
    expect(durationMs).toBeLessThan(700);
  }
});

test('a client that goes away cancels the SQL behind its call', async () => {
  const before = system.lines.order.length;
  await withOrdersLocked(async () => {
    const leaving = new AbortController();
    const answer = send(system, `/v1/orders/${orderId}`, { token, signal: leaving.signal });
    const failed = expect(answer).rejects.toThrow(/abort/i);
    await untilWaiting(1);
    leaving.abort();
    await failed;
    expect(await untilWaiting(0)).toBeLessThan(250);
  });
  expect(await lastGetOrder('order', before)).toMatchObject({ code: 'CANCELLED' });
});

test('an order whose caller has left goes to its end all the same', async () => {
  const body = { currencyCode: 'GBP', lines: [{ sku: 'TEST-SLOW', quantity: 1 }] };
  const headers = { 'idempotency-key': 'slow' };
  const hurried = await send(system, '/v1/orders', {
    ...{ token, body },
    headers: { ...headers, 'request-timeout': '0.3' },
  });
  expect(hurried).toMatchObject({ status: 504, body: { code: 'DEADLINE_EXCEEDED' } });
  const patient = await send(system, '/v1/orders', { token, body, headers });
  expect(patient.body.order).toMatchObject({ status: 'ORDER_STATUS_CONFIRMED' });
});
