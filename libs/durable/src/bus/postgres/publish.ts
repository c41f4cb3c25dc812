import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Event } from '../bus.ts';
import type { BusTables } from './bus-tables.ts';
import { busLock } from './bus-tables.ts';

/** NOTIFY: there is something to deliver. */
export const deliveryChannel = 'millrace_bus';

/** Events of one lane are delivered one after the other. */
const lane = sql`topic || '/' || key`;

/** Stores the events that are new and a delivery for each group that subscribed. */
export async function publish(tx: Transaction<BusTables>, events: readonly Event[]): Promise<void> {
  const column = <T>(of: (event: Event) => T): T[] => events.map(of);
  // Subscriptions must not change between here and the commit, and the statement below must see the last change.
  await sql`select pg_advisory_xact_lock_shared(${busLock})`.execute(tx);
  await sql`with published as (
      insert into bus_event (id, topic, key, sequence, type, tenant, subject, payload, trace, time)
      select id, topic, key, sequence, type, tenant, subject, payload, trace, time from unnest(
        ${column(({ id }) => id)}::text[], ${column(({ topic }) => topic)}::text[],
        ${column(({ key }) => key)}::text[], ${column(({ sequence }) => sequence)}::bigint[],
        ${column(({ type }) => type)}::text[], ${column(({ tenant }) => tenant)}::text[],
        ${column(({ subject }) => subject ?? null)}::text[],
        ${column(({ payload }) => Buffer.from(payload))}::bytea[],
        ${column(({ trace }) => trace ?? null)}::text[], ${column(({ time }) => time)}::timestamptz[])
        with ordinality as event (id, topic, key, sequence, type, tenant, subject, payload, trace, time, nth)
      order by nth on conflict (id) do nothing returning id, topic, key, place),
    delivered as (
      insert into bus_delivery (consumer_group, event_id, lane)
      select consumer_group, id, ${lane} from published join bus_subscription using (topic) order by place
      returning 1)
    select pg_notify(${deliveryChannel}, '') where exists (select from delivered)`.execute(tx);
}

/** Adds topics to a group; `kept` hands it the topics' events the bus still keeps. */
export async function subscribe(
  tx: Transaction<BusTables>,
  { group, topics, from }: { group: string; topics: readonly string[]; from: 'kept' | 'now' },
): Promise<void> {
  await sql`select pg_advisory_xact_lock(${busLock})`.execute(tx);
  await sql`with added as (
      insert into bus_subscription (consumer_group, topic)
      select ${group}, topic from unnest(${[...topics]}::text[]) as topic
      on conflict do nothing returning topic)
    insert into bus_delivery (consumer_group, event_id, lane)
    select ${group}, id, ${lane} from bus_event join added using (topic)
    where ${from} = 'kept' order by place`.execute(tx);
}
