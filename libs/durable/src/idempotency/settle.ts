import type { RawBuilder, Transaction } from 'kysely';
import { sql } from 'kysely';
import { asRows } from '../batch/as-rows.ts';
import { sameMoment } from '../batch/same-moment.ts';
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
  if ('key' in operation) await settleByKey(engineTables(tx), { tenant, method, name: operation.key, reply });
  else await settleBySubject(engineTables(tx), { tenant, method, name: operation.subjectId, reply });
}

interface Settlement {
  tenant: string;
  method: string;
  name: string;
  reply: Uint8Array;
}

const settleByKey = sameMoment(settleAll(sql`key`));
const settleBySubject = sameMoment(settleAll(sql`subject_id`));

function settleAll(column: RawBuilder<unknown>) {
  const types = { tenant: 'text', method: 'text', name: 'text', reply: 'bytea' };
  return async (tx: Transaction<DurableTables>, settlements: readonly Settlement[]): Promise<void[]> => {
    // Of two replies to one operation the first counts.
    await sql`update operations set reply = settled.reply, status = 'settled'
      from (select distinct on (tenant, method, name) * from ${asRows('each', settlements, types)}
        order by tenant, method, name, nth) as settled
      where operations.tenant = settled.tenant and operations.method = settled.method
        and operations.${column} = settled.name and status = 'open'`.execute(tx);
    return [];
  };
}
