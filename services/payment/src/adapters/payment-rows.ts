import { asRows, insertRows, sameMoment } from '@millrace/durable';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Payment } from '../domain/payment.ts';
import type { PaymentSchema, PaymentsTable } from '../migrations/schema.ts';

type Tx = Transaction<PaymentSchema>;
type Row = Omit<Selectable<PaymentsTable>, 'intent_at'>;

const NOW = sql<Date>`now()`;

const COLUMNS = {
  ...{ id: 'uuid', tenant: 'text', order_id: 'uuid', amount_minor: 'bigint', currency: 'text' },
  ...{ status: 'text', intent: 'text', void_requested: 'boolean', decline_reason: 'text' },
  ...{ provider_reference: 'text', sequence: 'bigint' },
  ...{ created_at: 'timestamptz', updated_at: 'timestamptz' },
} as const satisfies Record<keyof Row, string>;

export async function findPayment(db: Kysely<PaymentSchema>, id: string): Promise<Payment | undefined> {
  const row = await db.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
  return row && fromRow(row);
}

/** As it is after whoever has it now, and nobody else's until the transaction ends. Several in the order of their ids. */
export const lockPayment = sameMoment(async (tx: Tx, ids: readonly string[]) => {
  const some = tx
    .selectFrom('payments')
    .selectAll()
    .where('id', '=', sql<string>`any(${ids}::uuid[])`);
  const rows = await some.orderBy('id').forUpdate().execute();
  const byId = new Map(rows.map((row) => [row.id, fromRow(row)]));
  return ids.map((id) => byId.get(id));
});

/** False when somebody else has inserted it meanwhile. */
export const insertPayment = sameMoment(async (tx: Tx, payments: readonly Payment[]) => {
  // 'now' is the database's clock.
  const rows = payments.map((payment) => ({ ...toRow(payment), intent_at: 'now' }));
  rows.sort((one, other) => (one.id < other.id ? -1 : 1));
  const columns = { ...COLUMNS, intent_at: 'timestamptz' };
  const { rows: inserted } = await sql<{ id: string }>`
    ${insertRows('payments', rows, columns)} on conflict do nothing returning id`.execute(tx);
  const ids = new Set(inserted.map(({ id }) => id));
  return payments.map(({ id }) => ids.has(id));
});

type Replacement = { before: Payment; after: Payment };

/** False when the payment is not as it was any more. */
export const replacePayment = sameMoment(async (tx: Tx, replacements: readonly Replacement[]) => {
  const rows = replacements.map(({ before, after }) => ({
    ...toRow(after),
    ...{ old_intent: before.intent, old_sequence: before.sequence, old_void_requested: before.voidRequested },
  }));
  const old = { old_intent: 'text', old_sequence: 'bigint', old_void_requested: 'boolean' };
  const { rows: replaced } = await sql<{ id: string }>`
    with fresh as (select * from ${asRows('fresh', rows, { ...COLUMNS, ...old })}),
    held as (select id from payments where id in (select id from fresh) order by id for update)
    update payments set order_id = fresh.order_id, amount_minor = fresh.amount_minor, currency = fresh.currency,
      status = fresh.status, intent = fresh.intent, intent_at = now(), void_requested = fresh.void_requested,
      decline_reason = fresh.decline_reason, provider_reference = fresh.provider_reference,
      sequence = fresh.sequence, updated_at = fresh.updated_at
    from fresh join held using (id)
    where payments.id = fresh.id and payments.tenant = fresh.tenant
      and payments.sequence = old_sequence and payments.void_requested = old_void_requested
      and payments.intent is not distinct from old_intent
    returning payments.id`.execute(tx);
  const ids = new Set(replaced.map(({ id }) => id));
  return replacements.map(({ after }) => ids.has(after.id));
});

/** Payments with an intent that was last worked on so long ago, marked as worked on now. */
export async function claimPayments(tx: Tx, { idleMs, limit }: { idleMs: number; limit: number }) {
  const idle = tx
    .selectFrom('payments')
    .select('id')
    .where('intent', 'is not', null)
    .where('intent_at', '<', sql<Date>`now() - ${idleMs} * interval '1 millisecond'`)
    .orderBy('intent_at')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  const claim = tx.updateTable('payments').set({ intent_at: NOW }).where('id', 'in', idle);
  return (await claim.returningAll().execute()).map(fromRow);
}

function toRow(payment: Payment): Row {
  return {
    id: payment.id,
    tenant: payment.tenant,
    order_id: payment.orderId ?? null,
    amount_minor: payment.amount?.minor ?? null,
    currency: payment.amount?.currency ?? null,
    status: payment.status,
    intent: payment.intent ?? null,
    void_requested: payment.voidRequested,
    decline_reason: payment.declineReason ?? null,
    provider_reference: payment.providerReference ?? null,
    sequence: payment.sequence,
    created_at: payment.createdAt,
    updated_at: payment.updatedAt,
  };
}

function fromRow(row: Row): Payment {
  const { amount_minor: minor, currency } = row;
  return {
    id: row.id,
    tenant: row.tenant,
    orderId: row.order_id ?? undefined,
    amount: minor === null || currency === null ? undefined : { minor, currency },
    status: row.status,
    intent: row.intent ?? undefined,
    voidRequested: row.void_requested,
    declineReason: row.decline_reason ?? undefined,
    providerReference: row.provider_reference ?? undefined,
    sequence: row.sequence,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
