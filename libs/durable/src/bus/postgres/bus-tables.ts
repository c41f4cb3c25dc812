import type { Transaction } from 'kysely';
import { sql } from 'kysely';

/** The driver keeps its own tables and speaks SQL to them, so Kysely needs to know none. */
export type BusTables = Record<never, never>;

/** Any number: who holds it alone creates tables or changes subscriptions, who shares it publishes. */
export const busLock = 5_118_240_336;

/** Events, kept for a time; who wants which topics; what each group still has to handle; and what it could not. */
const statements = [
  `create table if not exists bus_event (
    id text primary key,
    place bigint generated always as identity,
    topic text not null,
    key text not null,
    sequence bigint not null,
    type text not null,
    tenant text not null,
    subject text,
    payload bytea not null,
    trace text,
    time timestamptz not null,
    published_at timestamptz not null default now())`,
  'create index if not exists bus_event_topic on bus_event (topic, place)',
  'create index if not exists bus_event_age on bus_event (published_at)',
  `create table if not exists bus_subscription (
    consumer_group text not null,
    topic text not null,
    primary key (consumer_group, topic))`,
  `create table if not exists bus_delivery (
    consumer_group text not null,
    id bigint generated always as identity,
    event_id text not null references bus_event,
    lane text not null,
    attempts integer not null default 0,
    visible_at timestamptz not null default now(),
    primary key (consumer_group, id))`,
  'create index if not exists bus_delivery_lane on bus_delivery (consumer_group, lane, id)',
  'create index if not exists bus_delivery_event on bus_delivery (event_id)',
  `create table if not exists bus_dead (
    id bigint generated always as identity primary key,
    consumer_group text not null,
    event_id text not null references bus_event,
    attempts integer not null,
    error text not null,
    died_at timestamptz not null default now())`,
  'create index if not exists bus_dead_event on bus_dead (event_id)',
];

/** Safe when several start at once. */
export async function createBusTables(tx: Transaction<BusTables>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${busLock})`.execute(tx);
  for (const statement of statements) await sql.raw(statement).execute(tx);
}
