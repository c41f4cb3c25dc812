import type { QueryCreator } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { NewEvent } from './event.ts';

/**
 * Writes events in the transaction of the change they tell of, or in its very statement, where `tx` carries the change:
 * `appendEvents(tx.with('changed', (db) => db.updateTable(...)), events)`. Wake the relay after the commit; otherwise its
 * poll finds them. An aggregate's sequence number can be used only once.
 */
export async function appendEvents<S extends DurableTables>(
  tx: QueryCreator<S>,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ aggregateId, subject = null, trace = null, ...event }) => ({
    ...event,
    aggregate_id: aggregateId,
    subject,
    trace,
  }));
  await engineTables(tx).insertInto('outbox').values(rows).execute();
}
