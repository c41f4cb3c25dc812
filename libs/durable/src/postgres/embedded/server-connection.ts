import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';

export function serverUrl(port: number, password: string, database: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

interface Wanted {
  url: string;
  /** Another server may own the port. */
  folder: string;
  giveUp(): boolean;
}

/** Connects as soon as the server of this data folder lets us; undefined when `giveUp` says so first. */
export async function connectWhenReady({ url, folder, giveUp }: Wanted): Promise<pg.Client | undefined> {
  while (!giveUp()) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    // A server that goes away during start is noticed by the next query.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ data_directory: string }>('show data_directory');
      if (rows[0]?.data_directory === folder) return client;
    } catch {
      // Not ready yet, or not ours.
    }
    await client.end().catch(() => undefined);
    await delay(15);
  }
  return undefined;
}

export async function createDatabases(client: pg.Client, names: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ datname: string }>('select datname from pg_database');
  const there = new Set(rows.map((row) => row.datname));
  for (const name of names) {
    if (!there.has(name)) await client.query(`create database ${client.escapeIdentifier(name)}`);
  }
}
