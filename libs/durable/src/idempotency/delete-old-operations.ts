import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';

export interface DeleteOldOperationsOptions {
  /** Default 24 hours, the time a key is promised to be remembered. */
  olderThanMs?: number;
  /** Rows a transaction. Default 500. */
  batchSize?: number;
}

/** Forgets keys whose time is over, in small transactions; operations without a reply stay. Returns how many went. */
export async function deleteOldOperations<S extends DurableTables>(
  db: Database<S>,
  { olderThanMs = 24 * 3_600_000, batchSize = 500 }: DeleteOldOperationsOptions = {},
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { numAffectedRows = 0n } = await db.read((on) =>
      sql`delete from operations where ctid in (
        select ctid from operations where status <> 'open' and created_at < now() - ${olderThanMs} * interval '1 ms'
        limit ${batchSize} for update skip locked)`.execute(on),
    );
    deleted += Number(numAffectedRows);
    if (numAffectedRows < batchSize) return deleted;
  }
}
