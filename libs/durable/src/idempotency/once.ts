import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { IdempotencyKeyReused, OperationBarred } from './errors.ts';
import { claimKey } from './claim-key.ts';
import type { Once, Operation } from './operation.ts';

/**
 * The idempotency barrier: runs `effect` in this transaction unless the operation's key is there already, in which case
 * the earlier operation's subject and reply are given back. Of parallel duplicates the second waits here until the
 * first has committed or rolled back.
 *
 * Throws IdempotencyKeyReused, OperationBarred.
 */
export async function once<S extends DurableTables, T>(
  tx: Transaction<S>,
  operation: Operation,
  effect: () => Promise<T>,
): Promise<Once<T>> {
  const earlier = await claimKey(engineTables(tx), { ...operation, status: 'open' });
  if (earlier === undefined) return { kind: 'first', value: await effect() };
  if (earlier.status === 'tombstone') throw new OperationBarred(operation);
  if (earlier.fingerprint !== operation.fingerprint) throw new IdempotencyKeyReused(operation);
  return { kind: 'repeat', subjectId: earlier.subject_id, reply: earlier.reply ?? undefined };
}
