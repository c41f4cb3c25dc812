import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import { asRows } from '../batch/as-rows.ts';
import { sameMoment } from '../batch/same-moment.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { encodeData } from './data.ts';
import type { SagaDefinition } from './definition.ts';

export interface NewSaga<D> {
  /** Chosen by the caller, for example the order's id. */
  id: string;
  /** JSON, with bigint, Date and Uint8Array besides. */
  data: D;
  tenant: string;
  /** W3C traceparent of whoever began it. */
  trace?: string;
}

/** Writes the saga in the business transaction. Wake the runner after the commit; otherwise its poll finds it. */
export async function beginSaga<D, S extends DurableTables>(
  tx: Transaction<S>,
  { type, version }: SagaDefinition<D, S>,
  { id, data, tenant, trace }: NewSaga<D>,
): Promise<void> {
  await insertSaga(engineTables(tx), { id, type, version, tenant, data: encodeData(data), trace });
}

interface Row {
  id: string;
  type: string;
  version: number;
  tenant: string;
  data: string;
  trace: string | undefined;
}

const types = { id: 'text', type: 'text', version: 'integer', tenant: 'text', data: 'jsonb', trace: 'text' };

const insertSaga = sameMoment(
  async (tx: Transaction<DurableTables>, rows: readonly Row[]): Promise<void[]> => {
    await sql`with begun as (
      insert into saga (id, type, version, tenant, data, trace, state, next_at)
      select id, type, version, tenant, data, trace, 'running', now() from ${asRows('fresh', rows, types)}
      order by nth returning id)
    insert into saga_log (saga_id, kind) select id, 'begun' from begun`.execute(tx);
    return [];
  },
);
