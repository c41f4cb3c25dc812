import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { SagaNotFound } from './errors.ts';

export type CancelAnswer = 'accepted' | 'too-late' | 'ended';

/**
 * Asks for a saga to be undone, by compare-and-set. 'accepted' is a promise: it will be compensated, at the latest after
 * the step that runs. 'too-late' means that the pivot's intent is recorded, or that it is being undone for another
 * reason. Call it before locking business rows (steps lock the saga first) and wake the runner after the commit.
 *
 * Throws SagaNotFound.
 */
export async function requestCancel<S extends DurableTables>(
  tx: Transaction<S>,
  sagaId: string,
  reason: string,
): Promise<CancelAnswer> {
  const db = engineTables(tx);
  const { numAffectedRows } = await sql`update saga set
      cancel_reason = coalesce(cancel_reason, ${reason}), updated_at = now(),
      next_at = case when lease_until > now() then next_at else now() end
    where id = ${sagaId} and state = 'running' and cancellable`.execute(db);
  if (numAffectedRows === 1n) return 'accepted';
  const saga = await db
    .selectFrom('saga')
    .select(['state', 'cancel_reason'])
    .where('id', '=', sagaId)
    .executeTakeFirst();
  if (saga === undefined) throw new SagaNotFound(sagaId);
  if (saga.state === 'completed' || saga.state === 'compensated') return 'ended';
  return saga.cancel_reason === null ? 'too-late' : 'accepted';
}
