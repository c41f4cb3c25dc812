import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Event } from '../bus.ts';
import type { BusTables } from './bus-tables.ts';
import type { EventColumns } from './event-columns.ts';
import { toEvent } from './event-columns.ts';

type Db = Kysely<BusTables>;

/** One claimed attempt; writes that name an older attempt change nothing. */
export interface Claimed {
  id: bigint;
  attempt: number;
  event: Event;
}

interface Claim {
  group: string;
  limit: number;
  visibilityMs: number;
}

/**
 * Takes what is due, the first of each lane only: an event waits until the one before it is handled or dead. The first
 * of a lane is looked up for each candidate, in order, until there are enough. (As `not exists` it is planned as a join
 * over the whole backlog, for every claim.)
 */
export async function claimDeliveries(db: Db, { group, limit, visibilityMs }: Claim): Promise<Claimed[]> {
  type Row = EventColumns & { delivery: bigint; attempt: number };
  const { rows } = await sql<Row>`with due as (
      select id from bus_delivery as candidate
      where consumer_group = ${group} and visible_at <= now() and id = (
        select min(id) from bus_delivery as waiting where waiting.consumer_group = ${group}
          and waiting.lane = candidate.lane)
      order by id limit ${limit} for update skip locked)
    update bus_delivery as delivery set attempts = attempts + 1,
      visible_at = now() + ${visibilityMs} * interval '1 ms'
    from due, bus_event as event
    where delivery.consumer_group = ${group} and delivery.id = due.id and event.id = delivery.event_id
    returning delivery.id as delivery, delivery.attempts as attempt, event.*`.execute(db);
  const claimed = rows.map((row) => ({ id: row.delivery, attempt: row.attempt, event: toEvent(row) }));
  return claimed.sort((a, b) => (a.id < b.id ? -1 : 1));
}

type Attempt = Pick<Claimed, 'id' | 'attempt'>;

export async function acknowledge(db: Db, group: string, done: readonly Attempt[]): Promise<void> {
  if (done.length === 0) return;
  await sql`delete from bus_delivery using unnest(
      ${done.map(({ id }) => id)}::bigint[], ${done.map(({ attempt }) => attempt)}::integer[]) as done (id, attempt)
    where consumer_group = ${group} and bus_delivery.id = done.id and attempts = done.attempt`.execute(db);
}

interface Failure extends Attempt {
  group: string;
  error: string;
}

export async function postpone(db: Db, { group, id, attempt }: Failure, delayMs: number): Promise<void> {
  await sql`update bus_delivery set visible_at = now() + ${delayMs} * interval '1 ms'
    where consumer_group = ${group} and id = ${id} and attempts = ${attempt}`.execute(db);
}

export async function bury(db: Db, { group, id, attempt, error }: Failure): Promise<void> {
  await sql`with gone as (
      delete from bus_delivery where consumer_group = ${group} and id = ${id} and attempts = ${attempt}
      returning consumer_group, event_id, attempts)
    insert into bus_dead (consumer_group, event_id, attempts, error)
    select consumer_group, event_id, attempts, ${error} from gone`.execute(db);
}
