import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';

export interface PruneEventsOptions {
  /** Default 7 days: for so long a watcher may stay away and resume. */
  olderThanMs?: number;
  /** Rows a transaction. Default 1,000. */
  batchSize?: number;
}

/** Removes published events whose time is over, oldest first, and raises the lowest cursor. Returns how many went. */
export async function pruneEvents<S extends DurableTables>(
  db: Database<S>,
  { olderThanMs = 7 * 24 * 3_600_000, batchSize = 1_000 }: PruneEventsOptions = {},
): Promise<number> {
  let pruned = 0;
  for (;;) {
    const { rows } = await db.read((on) =>
      sql<{ removed: number }>`with old as (
          select outbox.position from outbox, outbox_relay relay
          where outbox.position <= relay.published and created_at < now() - ${olderThanMs} * interval '1 ms'
          order by outbox.position limit ${batchSize}),
        removed as (delete from outbox where position in (select position from old) returning position),
        raised as (
          update outbox_relay set pruned = greatest(pruned, (select max(position) from removed))
          where exists (select from removed))
        select count(*)::integer as removed from removed`.execute(on),
    );
    const removed = rows[0]?.removed ?? 0;
    pruned += removed;
    if (removed < batchSize) return pruned;
  }
}
