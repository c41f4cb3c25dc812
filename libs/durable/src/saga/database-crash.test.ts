import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { once } from '../idempotency/once.ts';
import { appendEvents } from '../outbox/append-events.ts';
import { createRelay } from '../outbox/create-relay.ts';
import { createDatabase } from '../postgres/create-database.ts';
import type { Database } from '../postgres/database.ts';
import { durableMigrations } from '../postgres/durable-migrations.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { EmbeddedPostgres } from '../postgres/embedded/index.ts';
import { startEmbeddedPostgres } from '../postgres/embedded/index.ts';
import { DurableError } from '../postgres/errors.ts';
import { migrate } from '../postgres/migrate.ts';
import { beginSaga } from './begin-saga.ts';
import { createSagaRunner } from './create-saga-runner.ts';
import { defineSaga } from './define-saga.ts';

let folder: string;
let server: EmbeddedPostgres;
let db: Database<DurableTables>;
const start = (port = 0): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir: join(folder, 'data'), databases: ['crash'], port });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'));
  server = await start();
  await migrate({ url: server.url('crash'), migrations: durableMigrations });
  db = createDatabase({ url: server.url('crash'), acquireTimeoutMs: 10_000 });
});
afterAll(async () => {
  await db.close();
  await server.stop({ removeData: true });
  await rm(folder, { recursive: true, force: true });
});

const event = (aggregateId: string, sequence: bigint) => ({
  ...{ topic: 'orders', aggregateId, sequence, type: 'Changed', tenant: 'acme', payload: Buffer.from('x') },
});

test('the database is killed in the middle: what was acknowledged is there, everything ends, and once', async () => {
  const charges = new Map<string, number>();
  const definition = defineSaga<object>({
    type: 'order',
    version: 1,
    steps: [
      {
        name: 'charge',
        execute: (_, { key }) => {
          // As a payment service would, by key.
          charges.set(key, 10);
          return Promise.resolve({ kind: 'done' });
        },
      },
      { name: 'confirm', record: (tx, { id }) => appendEvents(tx, [event(id, 2n)]) },
    ],
  });
  const runner = createSagaRunner({ db, definitions: [definition], pollMs: 100, leaseMs: 2_000 });
  const relay = createRelay({ db, pollMs: 100 });
  runner.start();
  relay.start();
  const place = async (id: string): Promise<void> => {
    const operation = { tenant: 'acme', method: 'PlaceOrder', key: id, fingerprint: '', subjectId: id };
    await db.transaction((tx) =>
      once(tx, operation, async () => {
        await beginSaga(tx, definition, { id, data: {}, tenant: 'acme' });
        await appendEvents(tx, [event(id, 1n)]);
      }),
    );
    runner.wake();
    relay.wake();
  };
  /** As a client does: the same key until there is an answer. */
  const insist = async (id: string): Promise<void> => {
    for (;;) {
      try {
        return await place(id);
      } catch (error) {
        if (!(error instanceof DurableError && error.retryable)) throw error;
        await delay(20);
      }
    }
  };
  const ids = Array.from({ length: 200 }, (_, index) => `o-${index}`);
  const early = ids.slice(0, 80);
  await Promise.all(early.map(insist));
  const rest = ids.slice(80).map(insist);
  await rest[0];
  process.kill(server.pid, 'SIGKILL');
  server = await start(server.port);
  await Promise.all(rest);
  const open = () =>
    db.read((on) =>
      sql`select from saga where state <> 'completed' union all
      select from outbox where position is null`.execute(on),
    );
  while ((await open()).rows.length > 0) await delay(20);
  await Promise.all([runner.stop(), relay.stop()]);
  const { rows } = await db.read((on) =>
    sql<{
      told: string;
    }>`select aggregate_id || ' ' || string_agg(sequence::text, ',' order by position) as told
      from outbox group by aggregate_id`.execute(on),
  );
  expect(rows.map(({ told }) => told).sort()).toEqual(ids.map((id) => `${id} 1,2`).sort());
  expect([...charges.keys()].sort()).toEqual(ids.map((id) => `${id}:charge`).sort());
});
