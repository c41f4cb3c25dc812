import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { sql, type Transaction } from 'kysely';
import { IdempotencyKeyReused } from '../idempotency/errors.ts';
import { once } from '../idempotency/once.ts';
import { settle } from '../idempotency/settle.ts';
import { createDatabase } from '../postgres/create-database.ts';
import type { Database } from '../postgres/database.ts';
import { durableMigrations } from '../postgres/durable-migrations.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { CommitUnknown, DatabaseUnavailable, StatementFailed, WorkCancelled } from '../postgres/errors.ts';
import { createTestDatabase, type TestDatabase } from '../testing/index.ts';
import { shareTransactions, type SharedTransactions } from './share-transactions.ts';

interface Schema extends DurableTables {
  account: { id: string; balance: number };
}
type Tx = Transaction<Schema>;

let scratch: TestDatabase;
let db: Database<Schema>;
let shared: SharedTransactions<Schema>;
beforeAll(async () => {
  scratch = await createTestDatabase(durableMigrations);
  db = createDatabase<Schema>({ url: scratch.url, acquireTimeoutMs: 10_000 });
  await db.read((on) =>
    sql`create table account (id text primary key, balance integer not null check (balance >= 0))`.execute(
      on,
    ),
  );
});
beforeEach(async () => {
  shared = shareTransactions(db);
  await db.read((on) => sql`truncate account, operations`.execute(on));
});
afterAll(async () => {
  await db.close();
  await scratch.drop();
});

const insert =
  (id: string, balance = 0) =>
  async (tx: Tx) => {
    await tx.insertInto('account').values({ id, balance }).execute();
    const { rows } = await sql<{ xid: string }>`select pg_current_xact_id()::text as xid`.execute(tx);
    return rows[0]?.xid;
  };
const run = <T>(id: string, work: (tx: Tx) => Promise<T>, signal?: AbortSignal) =>
  shared.run(work, { apart: id, ...(signal && { signal }) });
const ids = async () => {
  const rows = await db.read((on) => on.selectFrom('account').select('id').orderBy('id').execute());
  return rows.map(({ id }) => id).join('');
};
/** Ends the connection that a transaction has, from outside. */
const kill = async (tx: Tx) => {
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
  await db.read((on) => sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(on));
};

test('work that arrives together is one transaction; what wants one of its own has it', async () => {
  const together = await Promise.all(['a', 'b', 'c'].map((id) => run(id, insert(id))));
  expect(new Set(together).size).toBe(1);
  const alone = await Promise.all(['d', 'e'].map((id) => shared.run(insert(id), { apart: undefined })));
  expect(new Set([...together, ...alone]).size).toBe(3);
  const kinds = await Promise.all(['f', 'g'].map((id) => shared.run(insert(id), { apart: id, kind: id })));
  expect(new Set(kinds).size).toBe(2);
  expect(await ids()).toBe('abcdefg');
});

test('work that throws leaves nothing behind, and the rest is written without it', async () => {
  const failing = async (tx: Tx) => {
    await insert('b')(tx);
    throw new Error('changed my mind');
  };
  const results = await Promise.allSettled([run('a', insert('a')), run('b', failing), run('c', insert('c'))]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: { message: 'changed my mind' } });
  expect(await ids()).toBe('ac');
});

test('work that the database refuses fails alone', async () => {
  await db.transaction(insert('d'));
  const poison = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => run(id, insert(id, id === 'f' ? -1 : 0)));
  const results = await Promise.allSettled(poison);
  const failures = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  expect(failures).toEqual([expect.any(StatementFailed), expect.any(StatementFailed)]);
  expect(failures).toMatchObject([{ reason: 'UNIQUE_VIOLATION' }, { reason: 'CHECK_VIOLATION' }]);
  expect(await ids()).toBe('abcde');
});

/** As a use case does it: once for the key, with a reply. */
const place = (key: string, fingerprint: string, on = shared) => {
  const operation = { tenant: 'acme', method: 'Place', key, fingerprint, subjectId: randomUUID() };
  const work = async (tx: Tx) => {
    const done = await once(tx, operation, async () => {
      await insert(`${key}-${operation.subjectId}`)(tx);
      await settle(tx, operation, Buffer.from(operation.subjectId));
    });
    return done.kind === 'first' ? operation.subjectId : Buffer.from(done.reply ?? []).toString();
  };
  return on.run(work, { apart: key });
};

test('of duplicates in one burst and over many, one makes the effect and all get its reply', async () => {
  const first = Array.from({ length: 20 }, (_, at) => place(`k${at % 4}`, 'same'));
  await first[0];
  const other = shareTransactions(db);
  const second = Array.from({ length: 20 }, (_, at) => place(`k${at % 4}`, 'same', at % 2 ? other : shared));
  const replies = await Promise.all([...first, ...second]);
  expect(new Set(replies).size).toBe(4);
  for (const [at, reply] of replies.entries()) expect(reply).toBe(replies[at % 4]);
  expect((await ids()).match(/k\d/g)).toEqual(['k0', 'k1', 'k2', 'k3']);
});

test('the same key with another request in one burst is refused, and only that', async () => {
  const all = [place('k', 'one'), place('k', 'other'), place('k', 'one'), place('l', 'one')];
  const results = await Promise.allSettled(all);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: expect.any(IdempotencyKeyReused) });
});

test('when the connection is killed in the middle nothing of the batch is there, and everybody is told', async () => {
  const killing = (tx: Tx) => kill(tx).then(() => insert('b')(tx));
  const results = await Promise.allSettled([run('a', insert('a')), run('b', killing), run('c', insert('c'))]);
  for (const result of results) expect(result).toMatchObject({ reason: expect.any(DatabaseUnavailable) });
  expect(await ids()).toBe('');
  await run('a', insert('a'));
  expect(await ids()).toBe('a');
});

test('when nobody knows whether the batch was committed everybody is told so, and the key tells', async () => {
  const last = async (tx: Tx) => void (await kill(tx));
  const results = await Promise.allSettled([place('k', 'one'), run('last', last)]);
  for (const result of results) expect(result).toMatchObject({ reason: expect.any(CommitUnknown) });
  const reply = await place('k', 'one');
  expect(await ids()).toBe(`k-${reply}`);
});

test('who leaves before the batch is sent writes nothing; a batch that all have left is rolled back', async () => {
  const early = new AbortController();
  const left = run('a', insert('a'), early.signal);
  const stays = run('b', insert('b'));
  early.abort();
  await expect(left).rejects.toBeInstanceOf(WorkCancelled);
  await stays;
  const late = new AbortController();
  const waits = async (tx: Tx) => {
    await insert('c')(tx);
    late.abort();
    await sql`select pg_sleep(60)`.execute(tx);
  };
  await expect(run('c', waits, late.signal)).rejects.toBeInstanceOf(WorkCancelled);
  expect(await ids()).toBe('b');
});

test('batches with crossing keys never wait for each other in a circle, whatever the order', async () => {
  const deadlocks = async () => {
    const { rows } = await db.read((on) =>
      sql<{
        n: bigint;
      }>`select deadlocks as n from pg_stat_database where datname = current_database()`.execute(on),
    );
    return rows[0]?.n;
  };
  const keys = Array.from({ length: 12 }, (_, at) => `key-${at}`);
  const orders = fc.array(fc.shuffledSubarray(keys, { minLength: 2 }), { minLength: 2, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(orders, fc.uuid(), async (orders, round) => {
      const runners = orders.map(() => shareTransactions(db));
      const replies = await Promise.all(
        orders.flatMap((order, at) =>
          order.map(async (key) => [key, await place(`${round}-${key}`, 'same', runners[at])] as const),
        ),
      );
      expect(new Set(replies.map(([key, reply]) => `${key} ${reply}`)).size).toBe(
        new Set(orders.flat()).size,
      );
    }),
    { numRuns: 30 },
  );
  expect(await deadlocks()).toBe(0n);
});
