import { sql, type QueryCreator } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';

/** The events that the group had not handled before. */
export interface News {
  news: { event_id: string };
}

/**
 * The inbox for an effect that is one statement, for any number of events, and then no transaction around it: the statement
 * made from this finds each event in `news` only the first time.
 *
 *     ifNews(db, { group, eventIds }).updateTable(...).from('news').whereRef('news.event_id', '=', ...)
 */
export function ifNews<S extends DurableTables>(
  on: QueryCreator<S>,
  { group, eventIds }: { group: string; eventIds: readonly string[] },
): QueryCreator<S & News> {
  const noted = engineTables(on).with('news', (db) =>
    db
      .insertInto('inbox')
      .columns(['consumer_group', 'event_id'])
      .expression(sql`select ${group}, id from unnest(${[...eventIds]}::text[]) as id order by id`)
      .onConflict((conflict) => conflict.columns(['consumer_group', 'event_id']).doNothing())
      .returning('event_id'),
  );
  // Seen with the engine's tables only for the time of the insert.
  return noted as unknown as QueryCreator<S & News>;
}
