import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { claimKey } from './claim-key.ts';
import type { OperationKey } from './operation.ts';

export type Tombstone =
  { kind: 'never-ran' } | { kind: 'ran'; subjectId: string; reply: Uint8Array | undefined };

/**
 * Compensation before action: takes the action's key, so that an action which is still on its way finds it barred.
 * 'never-ran' says that it did not run and never will; 'ran' that it did, so it has to be undone.
 */
export async function tombstone<S extends DurableTables>(
  tx: Transaction<S>,
  action: OperationKey & { subjectId: string },
): Promise<Tombstone> {
  const { tenant, method, key, subjectId } = action;
  const barred = { tenant, method, key, subjectId, fingerprint: '', status: 'tombstone' } as const;
  const earlier = await claimKey(engineTables(tx), barred);
  if (earlier === undefined || earlier.status === 'tombstone') return { kind: 'never-ran' };
  return { kind: 'ran', subjectId: earlier.subject_id, reply: earlier.reply ?? undefined };
}
