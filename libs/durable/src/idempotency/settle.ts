import type { Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { OperationKey, OperationSubject } from './operation.ts';

/** Writes the reply every repeat will be given, in the operation's terminal transaction. A settled one stays as it is. */
export async function settle<S extends DurableTables>(
  tx: Transaction<S>,
  operation: OperationKey | OperationSubject,
  reply: Uint8Array,
): Promise<void> {
  const { tenant, method } = operation;
  const named = 'key' in operation ? { key: operation.key } : { subject_id: operation.subjectId };
  await engineTables(tx)
    .updateTable('operations')
    .set({ reply, status: 'settled' })
    .where((where) => where.and({ tenant, method, ...named, status: 'open' }))
    .execute();
}
