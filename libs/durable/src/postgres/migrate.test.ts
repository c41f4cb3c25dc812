import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { TestDatabase } from '../testing/index.ts';
import { createTestDatabase } from '../testing/index.ts';
import { createDatabase } from './create-database.ts';
import { durableMigrations } from './durable-migrations.ts';
import { migrate } from './migrate.ts';

let scratch: TestDatabase;
beforeEach(async () => {
  scratch = await createTestDatabase();
});
afterEach(() => scratch.drop());

const own = { '0001-goods': { up: run('create table goods (id text)') } };

function run(text: string) {
  return async (db: Kysely<unknown>): Promise<void> => {
    await sql.raw(text).execute(db);
  };
}

async function tables(): Promise<string[]> {
  const db = createDatabase<unknown>({ url: scratch.url });
  const { rows } = await db.read((on) =>
    sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'public'`.execute(on),
  );
  await db.close();
  return rows.map(({ name }) => name);
}

test('of several that start at once exactly one applies, and all find the schema complete', async () => {
  const migrations = { ...durableMigrations, ...own };
  const results = await Promise.all([1, 2, 3].map(() => migrate({ url: scratch.url, migrations })));
  expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, Object.keys(migrations).length]);
  expect(await tables()).toEqual(expect.arrayContaining(['operations', 'saga', 'outbox', 'goods']));
});

test('a failing migration leaves nothing behind and is named', async () => {
  const migrations = { ...own, '0002-broken': { up: run('create table half (id text); select nonsense') } };
  await expect(migrate({ url: scratch.url, migrations })).rejects.toMatchObject({
    reason: 'MIGRATION_FAILED',
    message: expect.stringContaining('0002-broken'),
  });
  expect(await tables()).not.toEqual(expect.arrayContaining(['goods']));
});

test('older code works with a newer schema until the schema says it cannot', async () => {
  const newer = { ...own, '0002-more': { up: run('alter table goods add name text') } };
  const { url } = scratch;
  await migrate({ url, migrations: newer, compatibility: { codeVersion: 2, minCompatibleCode: 1 } });
  const older = { url, migrations: own, compatibility: { codeVersion: 1, minCompatibleCode: 1 } };
  expect(await migrate(older)).toEqual({ applied: [] });
  await migrate({ url, migrations: newer, compatibility: { codeVersion: 3, minCompatibleCode: 2 } });
  await expect(migrate(older)).rejects.toMatchObject({
    reason: 'SCHEMA_TOO_NEW',
    message: 'the database schema needs code version 2 or newer, this is 1',
  });
});
