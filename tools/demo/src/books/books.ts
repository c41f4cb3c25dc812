import { createDatabase, type Database } from '@millrace/durable';
import { sql, type RawBuilder } from 'kysely';
import type { Observations } from '../load/observations.ts';

/** One database to ask. */
export interface Ledger {
  rows<T>(query: RawBuilder<T>): Promise<T[]>;
}

/** Everything the invariants are read from. */
export interface Books {
  /** The order service's database. */
  readonly orders: Ledger;
  /** The payment service's database, where the sandbox provider keeps its own ledger as well. */
  readonly payments: Ledger;
  readonly observed: Observations;
}

/** Books that hold connections. */
export interface OpenBooks extends Books {
  close(): Promise<void>;
}

const STATEMENT_TIMEOUT_MS = 60_000;

function ledger(db: Database<unknown>): Ledger {
  return { rows: async (query) => (await db.read((one) => query.execute(one))).rows };
}

/** Opens both databases for reading, past the services. */
export function openBooks(urls: { orders: string; payments: string }, observed: Observations): OpenBooks {
  const databases = [urls.orders, urls.payments].map((url) =>
    createDatabase<unknown>({
      url,
      maxConnections: 4,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
      applicationName: 'books',
    }),
  );
  const [orders, payments] = databases.map(ledger) as [Ledger, Ledger];
  return {
    orders,
    payments,
    observed,
    async close() {
      await Promise.all(databases.map((db) => db.close()));
    },
  };
}

export { sql };
