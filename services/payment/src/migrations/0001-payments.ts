import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table payments (
    id uuid primary key,
    tenant text not null,
    order_id uuid,
    amount_minor bigint check (amount_minor >= 0),
    currency text check (currency ~ '^[A-Z]{3}$'),
    status text not null
      check (status in ('pending', 'authorized', 'declined', 'captured', 'voided', 'refunded')),
    intent text check (intent in ('authorize', 'capture', 'void', 'refund')),
    intent_at timestamptz not null,
    void_requested boolean not null,
    decline_reason text,
    provider_reference text,
    sequence bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check ((status = 'pending') = (intent is not distinct from 'authorize')),
    check (status = 'voided' or (order_id is not null and amount_minor is not null and currency is not null)))
    with (fillfactor = 70)`.execute(db);
  await sql`create index payments_undecided on payments (intent_at) where intent is not null`.execute(db);
}
