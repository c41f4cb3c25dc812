import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObservations, createOrderSender, openBooks, readFindings, untilAtRest } from '@millrace/demo';
import { startSystem } from '@millrace/dev';
import { createDatabase } from '@millrace/durable';
import { startEmbeddedPostgres } from '@millrace/durable/embedded';
import { measureLimit } from '../durable/limit.ts';
import { driveOrders } from '../durable/order-load.ts';
import { readNames, readOrderRows } from '../durable/order-rows.ts';
import type { Scenario } from '../measure.ts';
import { formatSpread, spreadOf } from '../statistics.ts';

type Options = Parameters<Scenario>[0];

const BAR = 0.25;
const BATCHES = [10, 100, 1_000];
const DATABASES = ['orders', 'payments'] as const;

/** Orders a second through gateway, order and payment as processes of their own. Throws when the books do not balance. */
async function measureOrders(dataDir: string, { full, progress }: Options): Promise<number> {
  const system = await startSystem({ dataDir, env: { NODE_ENV: 'test', LOG_LEVEL: 'warn' } });
  const observed = createObservations();
  const sender = createOrderSender(observed);
  const books = openBooks(
    { orders: system.databaseUrl('orders'), payments: system.databaseUrl('payments') },
    observed,
  );
  try {
    const load = { system, sender, streams: 8, inFlight: 64, warmUpMs: full ? 10_000 : 5_000 };
    const perSecond = await driveOrders({ ...load, durationMs: full ? 60_000 : 10_000 });
    const sentMs = performance.now();
    await untilAtRest(books, { limitMs: 120_000 });
    const restMs = performance.now() - sentMs;
    const p50Ms = observed.latency.getValueAtPercentile(50) / 1_000;
    const p99Ms = observed.latency.getValueAtPercentile(99) / 1_000;
    progress(
      `  ${perSecond.toFixed(0)} orders/s, p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms, ${sender.retries} retries`,
    );
    progress(`  the last event was handled ${(restMs / 1_000).toFixed(1)} s after the last reply`);
    const broken = (await readFindings(books)).filter(({ ok }) => !ok);
    if (broken.length > 0) throw new Error(broken.map(({ id, detail }) => `${id}: ${detail}`).join('\n'));
    return perSecond;
  } finally {
    await books.close();
    await system.stop();
  }
}

/** The same server on the same tables, without a service: orders a second in the best of the batches. */
async function measureServer(dataDir: string, { full, progress }: Options): Promise<number> {
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), databases: DATABASES });
  const open = (name: string) =>
    createDatabase<unknown>({ url: server.url(name), maxConnections: 1, statementTimeoutMs: 60_000 });
  const databases = DATABASES.map(open);
  try {
    const names = await readNames(databases[0]!);
    const samples = await Promise.all(
      databases.map(async (db) => ({ db, tables: await readOrderRows(db, names) })),
    );
    const rows = samples.flatMap(({ tables }) => tables.map((one) => `${one.table} ${one.rows.length}`));
    progress(`  one order leaves ${rows.join(', ')}`);
    const best = [];
    for (const batch of BATCHES) {
      const rounds: number[] = [];
      for (let round = 0; round < (full ? 6 : 4); round++) {
        const orders = Math.max(batch, full ? 4_000 : 2_000);
        const perSecond = await measureLimit({ samples, names, batch, orders });
        // The first warms up.
        if (round > 0) rounds.push(perSecond);
      }
      const spread = spreadOf(rounds);
      progress(`  batches of ${batch}: ${formatSpread(spread)} orders/s`);
      best.push(spread.median);
    }
    return Math.max(...best);
  } finally {
    await Promise.all(databases.map((db) => db.close()));
    await server.stop();
  }
}

/**
 * Durable orders through a gRPC stream, the gateway, the order and the payment service, against the limit: the same PostgreSQL
 * server writing only the rows that one order leaves in both databases, with their indexes.
 */
export const durableOrders: Scenario = async (options) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-durable-'));
  try {
    const orders = await measureOrders(dataDir, options);
    const limit = await measureServer(dataDir, options);
    return [
      { name: 'durable.orders-vs-limit', value: orders / limit, bar: BAR, better: 'higher', unit: 'x' },
      { name: 'durable.orders', value: orders, better: 'higher', unit: 'orders/s' },
      { name: 'durable.limit', value: limit, better: 'higher', unit: 'orders/s' },
    ];
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};
