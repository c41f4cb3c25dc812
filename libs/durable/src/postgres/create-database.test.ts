import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Generated, Kysely } from 'kysely';
import { sql } from 'kysely';
import type { TestDatabase } from '../testing/index.ts';
import { createTestDatabase } from '../testing/index.ts';
import { createDatabase } from './create-database.ts';
import type { Database } from './database.ts';
import { CommitUnknown, DatabaseUnavailable, StatementFailed, WorkCancelled } from './errors.ts';

interface Schema {
  account: { id: string; balance: bigint; opened: Generated<Date> };
}

let scratch: TestDatabase;
let db: Database<Schema>;

beforeAll(async () => {
  scratch = await createTestDatabase();
  db = createDatabase<Schema>({ url: scratch.url });
  await db.read((on) =>
    sql`create table account (id text primary key, balance bigint not null, opened timestamptz default now())`.execute(
      on,
    ),
  );
});

afterAll(async () => {
  await db.close();
  await scratch.drop();
});

/** Resolves when a statement that contains `text` runs in this database. */
async function running(text: string): Promise<number> {
  for (;;) {
    const { rows } = await db.read((on) =>
      sql<{ pid: number }>`select pid from pg_stat_activity where state = 'active' and pid <> pg_backend_pid()
        and datname = current_database() and query like ${`%${text}%`}`.execute(on),
    );
    if (rows[0] !== undefined) return rows[0].pid;
  }
}

describe('a database', () => {
  test('gives int8 as bigint and timestamptz as Date', async () => {
    const row = { id: 'large', balance: 9_007_199_254_740_993n };
    await db.transaction((tx) => tx.insertInto('account').values(row).execute());
    const read = await db.read((on) =>
      on.selectFrom('account').selectAll().where('id', '=', 'large').executeTakeFirstOrThrow(),
    );
    expect(read.balance).toBe(9_007_199_254_740_993n);
    expect(read.opened).toBeInstanceOf(Date);
  });

  test('keeps nothing of a transaction whose work throws, and passes the error on as it is', async () => {
    const mistake = new RangeError('not today');
    const attempt = db.transaction(async (tx) => {
      await tx.insertInto('account').values({ id: 'never', balance: 1n }).execute();
      throw mistake;
    });
    await expect(attempt).rejects.toBe(mistake);
    const found = await db.read((on) =>
      on.selectFrom('account').where('id', '=', 'never').selectAll().execute(),
    );
    expect(found).toEqual([]);
  });

  test('runs a transaction again when it loses to a concurrent one', async () => {
    await db.transaction((tx) => tx.insertInto('account').values({ id: 'hot', balance: 0n }).execute());
    const add = () =>
      db.transaction(
        async (tx) => {
          const { balance } = await tx
            .selectFrom('account')
            .select('balance')
            .where('id', '=', 'hot')
            .executeTakeFirstOrThrow();
          await tx
            .updateTable('account')
            .set({ balance: balance + 1n })
            .where('id', '=', 'hot')
            .execute();
        },
        { isolation: 'serializable' },
      );
    await Promise.all(Array.from({ length: 8 }, add));
    const { balance } = await db.read((on) =>
      on.selectFrom('account').select('balance').where('id', '=', 'hot').executeTakeFirstOrThrow(),
    );
    expect(balance).toBe(8n);
  });

  test('cancels the running statement on the server within 100 ms of the abort', async () => {
    const abort = new AbortController();
    const work = db.transaction((tx) => sql`select pg_sleep(20), 'cancel me'`.execute(tx), {
      signal: abort.signal,
    });
    const outcome = work.catch((error: unknown) => error);
    const pid = await running('cancel me');
    const began = performance.now();
    abort.abort(new Error('deadline'));
    expect(await outcome).toBeInstanceOf(WorkCancelled);
    expect(performance.now() - began).toBeLessThan(100);
    const { rows } = await db.read((on) =>
      sql`select 1 from pg_stat_activity where pid = ${pid} and state = 'active'
        and query like '%cancel me%'  and pid <> pg_backend_pid()`.execute(on),
    );
    expect(rows).toEqual([]);
  });

  test('cancels a statement even when the abort comes in the moment it is sent', async () => {
    const abort = new AbortController();
    const work = db.read((on) => sql`select pg_sleep(20)`.execute(on), { signal: abort.signal });
    await Promise.resolve();
    abort.abort();
    await expect(work).rejects.toBeInstanceOf(WorkCancelled);
  });

  test('ends the wait for a connection when the signal aborts, and says so when the limit is over', async () => {
    const narrow = createDatabase<Schema>({ url: scratch.url, maxConnections: 1, acquireTimeoutMs: 150 });
    const { promise: free, resolve: release } = Promise.withResolvers<void>();
    const { promise: holding, resolve: held } = Promise.withResolvers<void>();
    const holder = narrow.read(async () => {
      held();
      await free;
    });
    await holding;
    const abort = new AbortController();
    const waiting = narrow.read(() => Promise.resolve(), { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toBeInstanceOf(WorkCancelled);
    await expect(narrow.ping()).rejects.toMatchObject({
      name: 'DatabaseUnavailable',
      reason: 'DATABASE_UNAVAILABLE',
      retryable: true,
    });
    release();
    await holder;
    await narrow.ping();
    await narrow.close();
  });

  test('says that the outcome is unknown when the connection breaks at COMMIT', async () => {
    const attempt = db.transaction(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await db.read((on) => sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(on));
    });
    await expect(attempt).rejects.toBeInstanceOf(CommitUnknown);
    await db.ping();
  });

  test('is unavailable when the connection breaks before, or nobody listens', async () => {
    const attempt = db.transaction(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await db.read((on) => sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(on));
      await sql`select 1`.execute(tx);
    });
    await expect(attempt).rejects.toBeInstanceOf(DatabaseUnavailable);
    const nowhere = createDatabase<Schema>({ url: 'postgres://nobody@127.0.0.1:1/none' });
    await expect(nowhere.ping()).rejects.toBeInstanceOf(DatabaseUnavailable);
    await nowhere.close();
  });

  test('goes on when the schema changes under statements it has prepared', async () => {
    await db.transaction((tx) => tx.insertInto('account').values({ id: 'stale', balance: 1n }).execute());
    const find = (on: Kysely<Schema>) =>
      on.selectFrom('account').selectAll().where('id', '=', 'stale').execute();
    for (let times = 0; times < 5; times += 1) await db.read(find);
    await db.read((on) => sql`alter table account add column note text`.execute(on));
    expect(await db.transaction(find)).toMatchObject([{ id: 'stale', note: null }]);
    for (let times = 0; times < 5; times += 1) await db.read(find);
    await db.read((on) => sql`alter table account drop column note`.execute(on));
    expect(await db.read(find)).toEqual([{ id: 'stale', balance: 1n, opened: expect.any(Date) }]);
  });

  test('names the violated constraint and never shows the statement', async () => {
    const row = { id: 'twice', balance: 77_777n };
    const insert = () => db.transaction((tx) => tx.insertInto('account').values(row).execute());
    await insert();
    const failure = await insert().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StatementFailed);
    expect(failure).toMatchObject({ reason: 'UNIQUE_VIOLATION', constraint: 'account_pkey' });
    expect(String(failure)).not.toMatch(/insert|77777/i);
    expect((failure as Error).cause).toBeInstanceOf(Error);
  });

  test('refuses to commit after the work swallowed a failed statement', async () => {
    const attempt = db.transaction(async (tx) => {
      await sql`select 1 / 0`.execute(tx).catch(() => undefined);
    });
    await expect(attempt).rejects.toMatchObject({ sqlState: '25P02' });
  });

  test('ends statements that run longer than the limit', async () => {
    const strict = createDatabase<Schema>({ url: scratch.url, statementTimeoutMs: 50 });
    const slow = strict.read((on) => sql`select pg_sleep(5)`.execute(on));
    await expect(slow).rejects.toMatchObject({ reason: 'STATEMENT_TIMEOUT' });
    await strict.close();
  });

  test('hears notifications, also after its connection was lost', async () => {
    const other = createDatabase<Schema>({ url: scratch.url, applicationName: 'listener-test' });
    const heard: (string | undefined)[] = [];
    let wake = (): void => undefined;
    other.listen('news', (payload) => {
      heard.push(payload);
      wake();
    });
    const until = async (wanted: number): Promise<void> => {
      while (heard.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
    };
    const notify = (text: string) => db.read((on) => sql`select pg_notify('news', ${text})`.execute(on));
    await until(1);
    await notify('first');
    await until(2);
    await db.read((on) =>
      sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener-test'`.execute(
        on,
      ),
    );
    await until(3);
    await notify('second');
    await until(4);
    expect(heard).toEqual([undefined, 'first', undefined, 'second']);
    await other.close();
  });
});
