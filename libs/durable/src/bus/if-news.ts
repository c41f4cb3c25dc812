import type { QueryCreator } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';

/** One row where the group had not handled the event before, else none. */
export interface News {
  news: { consumer_group: string };
}

/**
 * The inbox for an effect that is one statement, and then no transaction around it: the statement made from this finds a
 * row in `news` only the first time.
 *
 *     ifNews(db, event).updateTable(...).where(({ exists, selectFrom }) => exists(selectFrom('news').selectAll()))
 */
export function ifNews<S extends DurableTables>(
  on: QueryCreator<S>,
  { group, eventId }: { group: string; eventId: string },
): QueryCreator<S & News> {
  const noted = engineTables(on).with('news', (db) =>
    db
      .insertInto('inbox')
      .values({ consumer_group: group, event_id: eventId })
      .onConflict((conflict) => conflict.columns(['consumer_group', 'event_id']).doNothing())
      .returning('consumer_group'),
  );
  // Seen with the engine's tables only for the time of the insert.
  return noted as unknown as QueryCreator<S & News>;
}
