import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';

export interface SagaSummary {
  id: string;
  type: string;
  tenant: string;
  state: 'running' | 'compensating' | 'completed' | 'compensated' | 'parked';
  /** Failed attempts at the step it is at. */
  attempts: number;
  /** Why it is undone, or why it waits for a person. */
  reason: string | null;
  nextAt: Date | null;
  updatedAt: Date;
}

export interface ListSagasOptions {
  state?: SagaSummary['state'];
  /** Default 100. */
  limit?: number;
}

/** Sagas for a person to look at, the longest untouched first. */
export async function listSagas<S extends DurableTables>(
  db: Database<S>,
  { state, limit = 100 }: ListSagasOptions = {},
): Promise<SagaSummary[]> {
  const { rows } = await db.read((on) =>
    sql<SagaSummary>`select id, type, tenant, case when parked is null then state else 'parked' end as state, attempts,
        coalesce(parked, failure, cancel_reason) as reason, next_at as "nextAt", updated_at as "updatedAt"
      from saga
      where ${state ?? null}::text is null or ${state ?? null} = case when parked is null then state else 'parked' end
      order by updated_at limit ${limit}`.execute(engineTables(on)),
  );
  return rows;
}

/** A saga's log, a line for each entry: `2026-01-31T12:00:00.000Z +15 ms authorize failed: UNAVAILABLE`. */
export async function readTimeline<S extends DurableTables>(db: Database<S>, id: string): Promise<string[]> {
  const entries = await db.read((on) =>
    engineTables(on).selectFrom('saga_log').selectAll().where('saga_id', '=', id).orderBy('seq').execute(),
  );
  let before = entries[0]?.at.getTime() ?? 0;
  return entries.map(({ at, step, kind, detail }) => {
    const passed = at.getTime() - before;
    before = at.getTime();
    const what = step === null ? kind : `${step} ${kind}`;
    return `${at.toISOString()} +${passed} ms ${what}${detail === null ? '' : `: ${detail}`}`;
  });
}

/** Lets a parked saga try again, with all its attempts. False when it is not parked. Wake a runner afterwards. */
export async function resumeParked<S extends DurableTables>(db: Database<S>, id: string): Promise<boolean> {
  const { rows } = await db.read((on) =>
    sql`with resumed as (
        update saga set parked = null, attempts = 0, next_at = now(), updated_at = now()
        where id = ${id} and parked is not null returning id),
      logged as (insert into saga_log (saga_id, kind) select id, 'resumed' from resumed)
      select id from resumed`.execute(engineTables(on)),
  );
  return rows.length === 1;
}
