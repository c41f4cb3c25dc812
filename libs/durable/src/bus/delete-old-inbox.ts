import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';

export interface DeleteOldInboxOptions {
  /** Default 7 days; longer than any bus keeps an event or a dead letter that may be replayed. */
  olderThanMs?: number;
  /** Rows a transaction. Default 1,000. */
  batchSize?: number;
}

/** Forgets handled events whose time is over, in small transactions. Returns how many went. */
export async function deleteOldInbox<S extends DurableTables>(
  db: Database<S>,
  { olderThanMs = 7 * 24 * 3_600_000, batchSize = 1_000 }: DeleteOldInboxOptions = {},
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { numAffectedRows = 0n } = await db.read((on) =>
      sql`delete from inbox where ctid in (
        select ctid from inbox where handled_at < now() - ${olderThanMs} * interval '1 ms'
        limit ${batchSize} for update skip locked)`.execute(on),
    );
    deleted += Number(numAffectedRows);
    if (numAffectedRows < batchSize) return deleted;
  }
}
