import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { asRows } from '../batch/as-rows.ts';
import { sameMoment } from '../batch/same-moment.ts';
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

/** Leases what is due, whoever had it before, in order of arrival. A leased saga is due again when its lease ends. */
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
  const arrival = ({ created_at: at }: Stored) => at.getTime();
  // Ids that are made one after the other, as UUIDv7, tell what came first in one moment.
  rows.sort((one, other) => arrival(one) - arrival(other) || (one.id < other.id ? -1 : 1));
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
export async function lockSaga(tx: Transaction<DurableTables>, lease: Lease): Promise<SagaRow> {
  const row = await lockOne(tx, lease);
  if (row === undefined) throw new LeaseLost(lease.id);
  return row;
}

const lockOne = sameMoment(async (tx: Transaction<DurableTables>, leases: readonly Lease[]) => {
  const { rows } = await sql<Stored>`select saga.* from saga join ${held(leases)}
      on saga.id = held.id and lease_token = held.token
    order by saga.id for update of saga`.execute(tx);
  const byId = new Map(rows.map((row) => [row.id, toSagaRow(row)]));
  return leases.map(({ id }) => byId.get(id));
});

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
export async function saveSaga(db: Engine, save: Save): Promise<void> {
  if (!(await saveOne(db, save))) throw new LeaseLost(save.row.id);
}

const saveOne = sameMoment(async (db: Engine, saves: readonly Save[]): Promise<boolean[]> => {
  const entries = saves.flatMap(({ row: { id }, log }) => log.map((entry) => ({ id, ...entry })));
  const { rows } = await sql<{ id: string }>`with saved as (
      update saga set state = fresh.state, step = fresh.step, started = fresh.started,
        cancellable = fresh.cancellable, failure = fresh.failure, parked = fresh.parked, data = fresh.data,
        attempts = fresh.attempts, updated_at = now(),
        lease_owner = case when fresh.freed then null else lease_owner end,
        lease_until = case when fresh.freed then null else lease_until end,
        next_at = case when not fresh.freed then next_at else now() + fresh.wait * interval '1 ms' end
      from ${asRows('fresh', saves.map(toColumns), saveTypes)}
      where saga.id = fresh.id and lease_token = fresh.token returning saga.id),
    logged as (
      insert into saga_log (saga_id, step, kind, detail)
      select saved.id, entry.step, entry.kind, entry.detail
      from saved join ${asRows('entry', entries, { id: 'text', step: 'text', kind: 'text', detail: 'text' })}
        using (id)
      order by nth)
    select id from saved`.execute(db);
  const saved = new Set(rows.map(({ id }) => id));
  return saves.map(({ row }) => saved.has(row.id));
});

const saveTypes = {
  id: 'text',
  token: 'bigint',
  state: 'text',
  step: 'integer',
  started: 'boolean',
  cancellable: 'boolean',
  failure: 'text',
  parked: 'text',
  data: 'jsonb',
  attempts: 'integer',
  /** The lease is given back. */
  freed: 'boolean',
  /** Until somebody looks again, in ms; null for never. */
  wait: 'double precision',
};

function toColumns({ row, waitMs }: Save): Record<keyof typeof saveTypes, unknown> {
  const { id, lease_token: token, state, step, started, cancellable, failure, parked, attempts } = row;
  const isOver = parked !== null || isEnded(row);
  return {
    ...{ id, token, state, step, started, cancellable, failure, parked, attempts },
    data: encodeData(row.data),
    freed: isOver || waitMs !== undefined,
    wait: isOver ? null : waitMs,
  };
}
