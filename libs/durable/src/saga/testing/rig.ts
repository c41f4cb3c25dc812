import type { Generated } from 'kysely';
import { sql } from 'kysely';
import type { Database } from '../../postgres/database.ts';
import type { DurableTables } from '../../postgres/durable-tables.ts';
import { createDatabase } from '../../postgres/create-database.ts';
import { durableMigrations } from '../../postgres/durable-migrations.ts';
import { createTestDatabase } from '../../testing/index.ts';
import { beginSaga } from '../begin-saga.ts';
import type { SagaRunner } from '../create-saga-runner.ts';
import { createSagaRunner } from '../create-saga-runner.ts';
import type { SagaDefinition } from '../definition.ts';
import type { EndedSaga, SagaRunnerOptions } from '../engine.ts';

/** Local writes of the sagas under test: one row a deed. */
export interface RigSchema extends DurableTables {
  deed: { id: Generated<bigint>; saga_id: string; what: string };
}

export interface Rig {
  db: Database<RigSchema>;
  /** Begins a saga in its own transaction; `wake` the runner afterwards. */
  begin<D>(definition: SagaDefinition<D, RigSchema>, id: string, data: D): Promise<void>;
  runner(
    definition: SagaDefinition<unknown, RigSchema>,
    options?: Partial<SagaRunnerOptions<RigSchema>>,
  ): SagaRunner;
  /** Resolves when a runner of this rig has ended the saga. */
  ended(id: string): Promise<EndedSaga['state']>;
  /** Resolves when `holds` does for the saga's row. */
  until(id: string, holds: (row: Awaited<ReturnType<Rig['row']>>) => boolean): Promise<void>;
  row(id: string): Promise<{ state: string; parked: string | null; attempts: number; lease_token: bigint }>;
  deeds(id: string): Promise<string[]>;
  log(id: string): Promise<string[]>;
  close(): Promise<void>;
}

const deeds = {
  up: async (on: Parameters<(typeof durableMigrations)['0000-durable']['up']>[0]) => {
    await sql`create table deed (id bigint generated always as identity, saga_id text, what text)`.execute(
      on,
    );
  },
};

/** A database and any number of runners on it, all closed together. */
export async function createRig(): Promise<Rig> {
  const scratch = await createTestDatabase({ ...durableMigrations, '0001-deeds': deeds });
  const db = createDatabase<RigSchema>({ url: scratch.url, maxConnections: 20, acquireTimeoutMs: 10_000 });
  const runners: SagaRunner[] = [];
  const states = new Map<string, EndedSaga['state']>();
  const waiting = new Map<string, () => void>();
  const onEnded = ({ id, state }: EndedSaga): void => {
    states.set(id, state);
    waiting.get(id)?.();
  };
  const rig: Rig = {
    db,
    begin: (definition, id, data) =>
      db.transaction((tx) => beginSaga(tx, definition, { id, data, tenant: 'acme' })),
    runner(definition, options = {}) {
      const made = createSagaRunner({ db, definitions: [definition], pollMs: 50, onEnded, ...options });
      runners.push(made);
      made.start();
      return made;
    },
    async ended(id) {
      for (;;) {
        const state = states.get(id);
        if (state !== undefined) return state;
        await new Promise<void>((resolve) => waiting.set(id, resolve));
      }
    },
    async until(id, holds) {
      while (!holds(await rig.row(id))) await new Promise((resolve) => setImmediate(resolve));
    },
    ...readers(db),
    async close() {
      await Promise.all(runners.map((each) => each.stop()));
      await db.close();
      await scratch.drop();
    },
  };
  return rig;
}

function readers(db: Database<RigSchema>): Pick<Rig, 'row' | 'deeds' | 'log'> {
  return {
    row: (id) =>
      db.read((on) => on.selectFrom('saga').selectAll().where('id', '=', id).executeTakeFirstOrThrow()),
    deeds: async (id) => {
      const rows = await db.read((on) =>
        on.selectFrom('deed').select('what').where('saga_id', '=', id).orderBy('id').execute(),
      );
      return rows.map(({ what }) => what);
    },
    log: async (id) => {
      const rows = await db.read((on) =>
        on.selectFrom('saga_log').select(['step', 'kind']).where('saga_id', '=', id).orderBy('seq').execute(),
      );
      return rows.map(({ step, kind }) => (step === null ? kind : `${step} ${kind}`));
    },
  };
}
