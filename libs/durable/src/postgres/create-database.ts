import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { isCommitted } from './after-commit.ts';
import type { Database, TransactionOptions } from './database.ts';
import { isConflict } from './errors.ts';
import { createListener } from './listener.ts';
import type { Logger } from './logger.ts';
import { createSessionPool } from './session-pool.ts';
import { valueParsers } from './value-parsers.ts';

export interface DatabaseOptions {
  /** For example `postgres://user:password@host:5432/orders`. */
  url: string;
  /** Default 10. */
  maxConnections?: number;
  /** Longest wait for a free connection. Default 1000. */
  acquireTimeoutMs?: number;
  /** Longest run of one statement. Default 5000. */
  statementTimeoutMs?: number;
  /** Shown in pg_stat_activity. Default 'millrace'. */
  applicationName?: string;
  /** Run-time settings of its sessions. */
  settings?: Readonly<Record<string, string>>;
  logger?: Logger;
}

/** Tries after the first one that end in a serialization failure or a deadlock. */
const maxConflictRetries = 8;
/** A transaction left open, by a process that was stopped for example, gives its locks back after this. */
const idleInTransactionMs = 15_000;

/** Connects when first used. Close it. */
export function createDatabase<S>(options: DatabaseOptions): Database<S> {
  const { url, maxConnections = 10, acquireTimeoutMs = 1000, statementTimeoutMs = 5000, logger } = options;
  const config = {
    connectionString: url,
    application_name: options.applicationName ?? 'millrace',
    connectionTimeoutMillis: acquireTimeoutMs,
    keepAlive: true,
    types: valueParsers,
    ...(options.settings && { options: asOptions(options.settings) }),
  };
  const limits = {
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
  };
  const pool = createSessionPool<S>({ ...config, ...limits, max: maxConnections }, logger);
  const listener = createListener(config, logger);
  let closed: Promise<void> | undefined;
  const attempt = <T>(work: (tx: Transaction<S>) => Promise<T>, { signal, isolation }: TransactionOptions) =>
    pool.with(async ({ db }) => {
      const transaction = db.transaction();
      const begun = isolation === undefined ? transaction : transaction.setIsolationLevel(isolation);
      const { tx, result } = await begun.execute(async (tx) => ({ tx, result: await work(tx) }));
      isCommitted(tx);
      return result;
    }, signal);
  return {
    read: (work, { signal } = {}) => pool.with(({ db }) => work(db), signal),
    transaction: async (work, transactionOptions = {}) => {
      for (let retries = 0; ; retries += 1) {
        try {
          return await attempt(work, transactionOptions);
        } catch (error) {
          if (!isConflict(error) || retries === maxConflictRetries) throw error;
          await delay(Math.random() * 5 * 2 ** retries);
        }
      }
    },
    ping: async () => {
      await pool.with(({ db }) => sql`select 1`.execute(db));
    },
    listen: listener.listen,
    close: () => (closed ??= Promise.all([pool.close(), listener.close()]).then(() => undefined)),
  };
}

/** As libpq takes them. The names and values are the code's own. */
function asOptions(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}
