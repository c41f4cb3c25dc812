import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { encodeData } from './data.ts';
import { LeaseLost } from './errors.ts';
import type { SagaRow } from './saga-row.ts';
import { isEnded, toSagaRow } from './saga-row.ts';

/** One line of the durable log. */
export interface LogEntry {
  step: string | null;
  kind: string;
  detail: string | null;
}

/** What a runner holds: the token is raised by each claim, and every write of the holder names it. */
export interface Lease {
  id: string;
  token: bigint;
}

type Engine = Kysely<DurableTables>;
type Stored = Selectable<DurableTables['saga']>;

interface Claim {
  owner: string;
  leaseMs: number;
  limit: number;
  /** Of the definitions this runner knows. */
  known: readonly { type: string; version: number }[];
}

/** Leases what is due, whoever had it before. A leased saga is due again when its lease ends. */
export async function claimSagas(db: Engine, { owner, leaseMs, limit, known }: Claim): Promise<SagaRow[]> {
  const types = known.map(({ type }) => type);
  const versions = known.map(({ version }) => version);
  const { rows } = await sql<Stored>`with due as (
      select id from saga where next_at <= now()
        and (type, version) in (select * from unnest(${types}::text[], ${versions}::integer[]))
      order by next_at limit ${limit} for update skip locked)
    update saga set lease_owner = ${owner}, lease_token = lease_token + 1,
      lease_until = now() + ${leaseMs} * interval '1 ms', next_at = now() + ${leaseMs} * interval '1 ms'
    from due where saga.id = due.id returning saga.*`.execute(db);
  return rows.map(toSagaRow);
}

/** Prolongs leases in one statement and returns the ids of those that are still held. */
export async function renewLeases(
  db: Engine,
  leases: readonly Lease[],
  leaseMs: number,
): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`update saga set
      lease_until = now() + ${leaseMs} * interval '1 ms', next_at = now() + ${leaseMs} * interval '1 ms'
    from ${held(leases)} where saga.id = held.id and lease_token = held.token and lease_owner is not null
    returning saga.id`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

/** Lets anybody go on with these sagas at once. Those that ended or wait by now are left alone. */
export async function giveBack(db: Engine, leases: readonly Lease[]): Promise<void> {
  if (leases.length === 0) return;
  await sql`update saga set lease_owner = null, lease_until = null, next_at = now()
    from ${held(leases)} where saga.id = held.id and lease_token = held.token and lease_owner is not null
      and next_at is not null`.execute(db);
}

function held(leases: readonly Lease[]) {
  const ids = leases.map(({ id }) => id);
  const tokens = leases.map(({ token }) => token);
  return sql`unnest(${ids}::text[], ${tokens}::bigint[]) as held (id, token)`;
}

/** Locks the row for the rest of the transaction. Throws LeaseLost. */
export async function lockSaga(tx: Transaction<DurableTables>, { id, token }: Lease): Promise<SagaRow> {
  const stored = await tx
    .selectFrom('saga')
    .selectAll()
    .where('id', '=', id)
    .where('lease_token', '=', token)
    .forUpdate()
    .executeTakeFirst();
  if (stored === undefined) throw new LeaseLost(id);
  return toSagaRow(stored);
}

interface Save {
  row: SagaRow;
  log: readonly LogEntry[];
  /** Gives the lease back and has the saga looked at again after this time. */
  waitMs?: number;
}

/**
 * Writes a row and the log of what led to it in one statement, if the lease is still held. Ended and parked sagas give
 * it back. Throws LeaseLost.
 */
export async function saveSaga(db: Engine, { row, log, waitMs }: Save): Promise<void> {
  const column = (name: keyof LogEntry) => sql`${log.map((entry) => entry[name])}::text[]`;
  const { rows } = await sql<{ id: string }>`with saved as (
      update saga set state = ${row.state}, step = ${row.step}, started = ${row.started},
        cancellable = ${row.cancellable}, failure = ${row.failure}, parked = ${row.parked},
        data = ${encodeData(row.data)}, attempts = ${row.attempts}, updated_at = now() ${leaseAfter(row, waitMs)}
      where id = ${row.id} and lease_token = ${row.lease_token} returning id),
    logged as (
      insert into saga_log (saga_id, step, kind, detail)
      select saved.id, entry.step, entry.kind, entry.detail
      from saved, unnest(${column('step')}, ${column('kind')}, ${column('detail')})
        with ordinality as entry (step, kind, detail, nth)
      order by nth)
    select id from saved`.execute(db);
  if (rows.length === 0) throw new LeaseLost(row.id);
}

function leaseAfter(row: SagaRow, waitMs: number | undefined) {
  const freed = sql`, lease_owner = null, lease_until = null`;
  if (row.parked !== null || isEnded(row)) return sql`${freed}, next_at = null`;
  return waitMs === undefined ? sql`` : sql`${freed}, next_at = now() + ${waitMs} * interval '1 ms'`;
}
