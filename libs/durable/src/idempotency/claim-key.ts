import type { Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import { asRows } from '../batch/as-rows.ts';
import { sameMoment } from '../batch/same-moment.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { Operation, OperationKey } from './operation.ts';

export type OperationRow = Selectable<DurableTables['operations']>;

type Claim = Operation & Pick<OperationRow, 'status'>;
type Engine = Transaction<DurableTables>;

/** Inserts the operation's row; when its key is taken, returns the row that has it. */
export const claimKey: (tx: Engine, claim: Claim) => Promise<OperationRow | undefined> =
  sameMoment(claimKeys);

/** In the order of the keys, so that no two transactions wait for each other. Of two with one key the first has it. */
async function claimKeys(tx: Engine, claims: readonly Claim[]): Promise<(OperationRow | undefined)[]> {
  const earlier = new Map<Claim, OperationRow>();
  for (let left = claims; left.length > 0;) {
    const free = await insert(tx, left);
    // The name is given away once: to the first.
    const taken = left.filter((claim) => !free.delete(nameOf(claim)));
    // A second statement, because the first one's snapshot may be older than the winner's commit.
    const found = taken.length > 0 ? await find(tx, taken) : new Map<string, OperationRow>();
    for (const claim of taken) {
      const row = found.get(nameOf(claim));
      if (row !== undefined) earlier.set(claim, row);
    }
    // Those whose row's time was over between the two statements, so that it was removed: the key is free.
    left = taken.filter((claim) => !earlier.has(claim));
  }
  return claims.map((claim) => earlier.get(claim));
}

/** The names that were free and are taken now. */
async function insert(tx: Engine, claims: readonly Claim[]): Promise<Set<string>> {
  const types = { tenant: 'text', method: 'text', key: 'text', fingerprint: 'text', subjectId: 'text' };
  const { rows } = await sql<OperationKey>`
    insert into operations (tenant, method, key, fingerprint, subject_id, status)
    select tenant, method, key, fingerprint, "subjectId", status
    from ${asRows('claim', claims, { ...types, status: 'text' })} order by tenant, method, key, nth
    on conflict (tenant, method, key) do nothing returning tenant, method, key`.execute(tx);
  return new Set(rows.map(nameOf));
}

async function find(tx: Engine, keys: readonly OperationKey[]): Promise<Map<string, OperationRow>> {
  const { rows } = await sql<OperationRow>`select operations.* from operations
    join ${asRows('wanted', keys, { tenant: 'text', method: 'text', key: 'text' })}
      using (tenant, method, key)`.execute(tx);
  return new Map(rows.map((row) => [nameOf(row), row]));
}

function nameOf({ tenant, method, key }: OperationKey): string {
  return JSON.stringify([tenant, method, key]);
}
