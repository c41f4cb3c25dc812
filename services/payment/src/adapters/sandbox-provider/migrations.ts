import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * The ledger's indexes hold the provider's promises whatever arrives at once: one effect for a key, one of each kind for a
 * payment, and either a capture or a void.
 */
const ledger: Migration = {
  async up(db: Kysely<unknown>) {
    await sql`create schema provider`.execute(db);
    await sql`create table provider.ledger (
      key text primary key,
      kind text not null check (kind in ('authorize', 'capture', 'void', 'refund')),
      charge_reference text,
      payment_id uuid not null,
      amount_minor bigint,
      currency text,
      outcome text not null check (outcome in ('approved', 'declined', 'cancelled')),
      decline_reason text,
      created_at timestamptz not null default clock_timestamp(),
      unique (payment_id, kind))`.execute(db);
    await sql`create unique index ledger_capture_or_void on provider.ledger (payment_id)
      where kind in ('capture', 'void')`.execute(db);
    await sql`create table provider.outages (key text primary key)`.execute(db);
  },
};

/** The provider's own tables, in a schema of their own. */
export const sandboxProviderMigrations: Record<string, Migration> = { 'provider-0001-ledger': ledger };
