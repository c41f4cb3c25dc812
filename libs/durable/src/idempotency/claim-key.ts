import type { Selectable, Transaction } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { Operation } from './operation.ts';

export type OperationRow = Selectable<DurableTables['operations']>;

/** Inserts the operation's row; when its key is taken, returns the row that has it. */
export async function claimKey(
  tx: Transaction<DurableTables>,
  { tenant, method, key, fingerprint, subjectId }: Operation,
  status: OperationRow['status'],
): Promise<OperationRow | undefined> {
  for (;;) {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('operations')
      .values({ tenant, method, key, fingerprint, subject_id: subjectId, status })
      .onConflict((conflict) => conflict.columns(['tenant', 'method', 'key']).doNothing())
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) return undefined;
    // A second statement, because the first one's snapshot may be older than the winner's commit.
    const taken = await tx
      .selectFrom('operations')
      .selectAll()
      .where((where) => where.and({ tenant, method, key }))
      .executeTakeFirst();
    if (taken !== undefined) return taken;
    // Between the two statements the row's time was over and it was removed: the key is free.
  }
}
