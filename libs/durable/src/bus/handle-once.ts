import { sql, type Transaction } from 'kysely';
import { asRows } from '../batch/as-rows.ts';
import { sameMoment } from '../batch/same-moment.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';

/** Says that a group handles an event. */
interface Note {
  group: string;
  eventId: string;
}

/**
 * The inbox: runs `effect` in the consumer's own transaction unless its group has handled the event before, so that
 * delivery at least once becomes an effect once.
 */
export async function handleOnce<S extends DurableTables>(
  tx: Transaction<S>,
  note: Note,
  effect: () => Promise<void>,
): Promise<'handled' | 'repeat'> {
  if (!(await isNews(engineTables(tx), note))) return 'repeat';
  await effect();
  return 'handled';
}

/** In the order of the ids, so that no two transactions wait for each other. Of two notes of one event the first is news. */
const isNews = sameMoment(async (tx: Transaction<DurableTables>, notes: readonly Note[]) => {
  const { rows } = await sql<Note>`insert into inbox (consumer_group, event_id)
    select "group", "eventId" from ${asRows('note', notes, { group: 'text', eventId: 'text' })}
    order by "group", "eventId" on conflict (consumer_group, event_id) do nothing
    returning consumer_group as "group", event_id as "eventId"`.execute(tx);
  const fresh = new Set(rows.map(nameOf));
  return notes.map((note) => fresh.delete(nameOf(note)));
});

function nameOf({ group, eventId }: Note): string {
  return JSON.stringify([group, eventId]);
}
