import { randomUUID } from 'node:crypto';
import type { Migration } from 'kysely/migration';
import pg from 'pg';
import { migrate } from '../postgres/migrate.ts';

export interface TestDatabase {
  url: string;
  /** Ends its connections and removes it. */
  drop(): Promise<void>;
}

/** Where the run's global setup answers with the server's URL, see tests/support/postgres.ts. */
const variable = 'MILLRACE_TEST_POSTGRES';

/** A database of its own for one test file, with the migrations applied. */
export async function createTestDatabase(migrations?: Record<string, Migration>): Promise<TestDatabase> {
  const server = await serverUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(server, `create database ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  if (migrations !== undefined) await migrate({ url, migrations });
  return { url, drop: () => administer(server, `drop database ${name} with (force)`) };
}

/** The server starts when the first test asks, so a run without database tests starts none. */
async function serverUrl(): Promise<string> {
  const address = process.env[variable];
  if (address === undefined) {
    throw new Error(`${variable} is not set: run Jest with the repository's configuration`);
  }
  if (address.startsWith('postgres')) return address;
  const reply = await fetch(address);
  const text = await reply.text();
  if (!reply.ok) throw new Error(`the test server did not start: ${text}`);
  return text;
}

async function administer(server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
