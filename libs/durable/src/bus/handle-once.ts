import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';

/**
 * The inbox: runs `effect` in the consumer's own transaction unless its group has handled the event before, so that
 * delivery at least once becomes an effect once.
 */
export async function handleOnce<S extends DurableTables>(
  tx: Transaction<S>,
  { group, eventId }: { group: string; eventId: string },
  effect: () => Promise<void>,
): Promise<'handled' | 'repeat'> {
  const { numInsertedOrUpdatedRows } = await engineTables(tx)
    .insertInto('inbox')
    .values({ consumer_group: group, event_id: eventId })
    .onConflict((conflict) => conflict.columns(['consumer_group', 'event_id']).doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows !== 1n) return 'repeat';
  await effect();
  return 'handled';
}
