import { join } from 'node:path';
import { createDatabase, type Database } from '@millrace/durable';
import { startEmbeddedPostgres } from '@millrace/durable/embedded';
import { sql } from 'kysely';
import { formatSpread, spreadOf } from '../statistics.ts';
import { measureLimit } from './limit.ts';
import { readNames, readOrderRows } from './order-rows.ts';

export interface ServerOptions {
  /** Of a system that is stopped. */
  readonly dataDir: string;
  /** Orders that are written at a time, for each batch size. */
  readonly orders: number;
  readonly progress: (text: string) => void;
}

const BATCHES = [10, 100, 1_000];
const ROUNDS = 3;
const DATABASES = ['orders', 'payments'] as const;

/** The same server on copies of the same databases, without a service: orders a second in the best of the batches. */
export async function measureServer({ dataDir, orders, progress }: ServerOptions): Promise<number> {
  const server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), databases: [] });
  const open = (name: string) =>
    createDatabase<unknown>({ url: server.url(name), maxConnections: 1, statementTimeoutMs: 60_000 });
  const administer = open('postgres');
  const run = (statement: string) => administer.read((on) => sql.raw(statement).execute(on));
  for (const name of DATABASES) await run(`create database limit_${name} template ${name}`);
  const databases = DATABASES.map((name) => open(`limit_${name}`));
  try {
    return await best(databases, orders, progress);
  } finally {
    await Promise.all(databases.map((db) => db.close()));
    for (const name of DATABASES) await run(`drop database limit_${name}`);
    await administer.close();
    await server.stop();
  }
}

async function best(
  databases: readonly Database<unknown>[],
  orders: number,
  progress: ServerOptions['progress'],
): Promise<number> {
  const names = await readNames(databases[0]!);
  const samples = await Promise.all(
    databases.map(async (db) => ({ db, tables: await readOrderRows(db, names) })),
  );
  const medians: number[] = [];
  for (const batch of BATCHES) {
    const rates: number[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const perSecond = await measureLimit({ samples, names, batch, orders: Math.max(batch, orders) });
      // The first warms up.
      if (round > 0) rates.push(perSecond);
    }
    const spread = spreadOf(rates);
    progress(`  the database alone, in batches of ${batch}: ${formatSpread(spread)} orders/s`);
    medians.push(spread.median);
  }
  return Math.max(...medians);
}
