import type { PoolClient } from 'pg';
import pg from 'pg';
import { Kysely } from 'kysely';
import { WorkCancelled } from './errors.ts';
import type { Logger } from './logger.ts';
import { Session } from './session.ts';
import { sessionDialect } from './session-dialect.ts';
import { createStatementNames } from './statement-names.ts';
import { translateError } from './translate-error.ts';

/** A session and the Kysely that speaks through it. */
export interface Leased<S> {
  session: Session;
  db: Kysely<S>;
}

export interface SessionPool<S> {
  /** Runs `use` with a session of its own. */
  with<T>(use: (leased: Leased<S>) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

/** Sessions from a pg pool, and one spare connection for cancelling what runs on them. */
export function createSessionPool<S>(config: pg.PoolConfig, logger?: Logger): SessionPool<S> {
  const pool = new pg.Pool(config);
  const control = new pg.Pool({ ...config, max: 1, idleTimeoutMillis: 5_000 });
  for (const each of [pool, control]) {
    each.on('error', (error) => logger?.warn({ err: error }, 'an idle database connection was lost'));
  }
  const known = new WeakMap<PoolClient, Leased<S>>();
  const tools = {
    nameOf: createStatementNames(),
    cancel: async (pid: number): Promise<void> => {
      await control.query('select pg_cancel_backend($1)', [pid]);
    },
  };
  const leasedOf = (client: PoolClient): Leased<S> => {
    let leased = known.get(client);
    if (leased === undefined) {
      const session = new Session(client, tools);
      leased = { session, db: new Kysely<S>({ dialect: sessionDialect(session) }) };
      known.set(client, leased);
      client.on('error', () => (session.broken = true));
    }
    return leased;
  };
  return {
    with: async (use, signal) => {
      const leased = leasedOf(await acquire(pool, signal));
      leased.session.signal = signal;
      try {
        return await use(leased);
      } finally {
        leased.session.signal = undefined;
        leased.session.client.release(leased.session.broken);
      }
    },
    close: async () => {
      await Promise.all([pool.end(), control.end()]);
    },
  };
}

/** The pool cannot take a waiting caller back, so a connection that comes too late returns to it at once. */
async function acquire(pool: pg.Pool, signal: AbortSignal | undefined): Promise<PoolClient> {
  if (signal?.aborted === true) throw new WorkCancelled(signal.reason);
  const pending = pool.connect().catch((error: unknown) => {
    throw translateError(error);
  });
  if (signal === undefined) return pending;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    pending.then(
      (client) => client.release(),
      () => undefined,
    );
    reject(new WorkCancelled(signal.reason));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
