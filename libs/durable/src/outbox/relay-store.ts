import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { stampedChannel } from './channels.ts';

type Engine = Kysely<DurableTables>;

/** Takes or prolongs the relay's lease. Undefined while somebody else has it. */
export async function leaseRelay(db: Engine, owner: string, leaseMs: number): Promise<bigint | undefined> {
  const { rows } = await sql<{ token: bigint }>`update outbox_relay set owner = ${owner},
      token = case when owner = ${owner} and lease_until > now() then token else token + 1 end,
      lease_until = now() + ${leaseMs} * interval '1 ms'
    where name = 'outbox' and (owner is null or owner = ${owner} or lease_until < now())
    returning token`.execute(db);
  return rows[0]?.token;
}

export async function freeRelay(db: Engine, token: bigint): Promise<void> {
  await sql`update outbox_relay set owner = null, lease_until = null where name = 'outbox' and token = ${token}`.execute(
    db,
  );
}

interface Stamping {
  token: bigint;
  limit: number;
  /** Nobody publishes: then stamped events count as published. */
  unpublished: boolean;
}

/**
 * Gives the next positions to events that can be seen now, and tells watchers. The lock on the relay's row makes stamps
 * one after the other, so that nobody ever sees a position before all lower ones. Transactions that commit later get
 * later positions, however early their rows were inserted. Returns how many were stamped: none with a stale token.
 */
export async function stampEvents(db: Engine, { token, limit, unpublished }: Stamping): Promise<number> {
  const { rows } = await sql<{ stamped: number }>`with relay as (
      select position from outbox_relay where name = 'outbox' and token = ${token} for update),
    batch as (
      select id, row_number() over (order by id) as place
      from (select id from outbox where position is null order by id limit ${limit}) as unstamped),
    stamped as (
      update outbox set position = relay.position + batch.place
      from relay, batch where outbox.id = batch.id and outbox.position is null returning outbox.position),
    total as (select count(*) as count, max(position) as last from stamped),
    moved as (
      update outbox_relay set position = total.last,
        published = case when ${unpublished}::boolean then total.last else published end
      from total where name = 'outbox' and total.count > 0 returning pg_notify(${stampedChannel}, total.last::text))
    select total.count::integer as stamped from total left join moved on true`.execute(db);
  return rows[0]?.stamped ?? 0;
}

export async function publishedPosition(db: Engine): Promise<bigint> {
  const { published } = await db.selectFrom('outbox_relay').select('published').executeTakeFirstOrThrow();
  return published;
}

export async function markPublished(db: Engine, token: bigint, position: bigint): Promise<void> {
  await sql`update outbox_relay set published = ${position} where name = 'outbox' and token = ${token}`.execute(
    db,
  );
}
