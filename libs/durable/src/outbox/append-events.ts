import type { QueryCreator } from 'kysely';
import { sql } from 'kysely';
import { asRows } from '../batch/as-rows.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { NewEvent } from './event.ts';

const types = {
  topic: 'text',
  aggregate_id: 'text',
  sequence: 'bigint',
  type: 'text',
  tenant: 'text',
  subject: 'text',
  payload: 'bytea',
  trace: 'text',
};
const columns = Object.keys(types) as (keyof typeof types)[];

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
  const rows = events.map(({ aggregateId, ...event }) => ({ ...event, aggregate_id: aggregateId }));
  await engineTables(tx)
    .insertInto('outbox')
    .columns(columns)
    .expression(
      sql`select ${sql.join(columns.map(sql.ref))} from ${asRows('event', rows, types)} order by nth`,
    )
    .execute();
}
