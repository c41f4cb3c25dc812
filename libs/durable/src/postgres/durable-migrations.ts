import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { sql } from 'kysely';

/** The engine's own tables. A service puts them in front of its own: `{ ...durableMigrations, ...orderMigrations }`. */
export const durableMigrations: Record<string, Migration> = {
  '0000-durable': { up: (db: Kysely<unknown>) => runAll(db, tables) },
  '0001-durable-room': { up: (db: Kysely<unknown>) => runAll(db, room) },
};

async function runAll(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const operations = `create table operations (
  tenant text not null,
  method text not null,
  key text not null,
  fingerprint text not null,
  subject_id text not null,
  reply bytea,
  status text not null check (status in ('open', 'settled', 'tombstone')),
  created_at timestamptz not null default now(),
  primary key (tenant, method, key))`;

// Rows are updated several times in their short life: room on the page keeps those updates out of the indexes.
const saga = `create table saga (
  id text primary key,
  type text not null,
  version integer not null,
  tenant text not null,
  state text not null check (state in ('running', 'compensating', 'completed', 'compensated')),
  step integer not null default 0,
  started boolean not null default false,
  cancellable boolean not null default true,
  cancel_reason text,
  failure text,
  parked text,
  data jsonb not null,
  trace text,
  lease_owner text,
  lease_token bigint not null default 0,
  lease_until timestamptz,
  attempts integer not null default 0,
  next_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((next_at is null) = (parked is not null or state in ('completed', 'compensated'))))
  with (fillfactor = 70)`;

const sagaLog = `create table saga_log (
  saga_id text not null,
  seq bigint generated always as identity,
  step text,
  kind text not null,
  at timestamptz not null default clock_timestamp(),
  detail text,
  primary key (saga_id, seq))`;

const outbox = `create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  aggregate_id text not null,
  sequence bigint not null,
  type text not null,
  tenant text not null,
  subject text,
  payload bytea not null,
  trace text,
  created_at timestamptz not null default now(),
  position bigint,
  unique (topic, aggregate_id, sequence))`;

const outboxRelay = `create table outbox_relay (
  name text primary key,
  owner text,
  token bigint not null default 0,
  lease_until timestamptz,
  position bigint not null default 0,
  published bigint not null default 0,
  pruned bigint not null default 0)`;

const inbox = `create table inbox (
  consumer_group text not null,
  event_id text not null,
  handled_at timestamptz not null default now(),
  primary key (consumer_group, event_id))`;

const tables = [
  operations,
  'create index operations_subject on operations (tenant, method, subject_id)',
  'create index operations_age on operations (created_at)',
  saga,
  'create index saga_due on saga (next_at) where next_at is not null',
  'create index saga_parked on saga (updated_at) where parked is not null',
  sagaLog,
  outbox,
  'create unique index outbox_position on outbox (position) where position is not null',
  'create index outbox_unstamped on outbox (id) where position is null',
  outboxRelay,
  `insert into outbox_relay (name) values ('outbox')`,
  inbox,
  'create index inbox_age on inbox (handled_at)',
];

/** An update that changes no indexed column and finds room on its page touches no index. `updated_at` changes with each. */
const room = [
  'drop index saga_parked',
  'create index saga_parked on saga (id) where parked is not null',
  'alter table operations set (fillfactor = 70)',
];
