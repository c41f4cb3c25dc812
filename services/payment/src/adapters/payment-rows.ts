import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Payment } from '../domain/payment.ts';
import type { PaymentSchema, PaymentsTable } from '../migrations/schema.ts';

type Tx = Transaction<PaymentSchema>;
type Row = Omit<Selectable<PaymentsTable>, 'intent_at'>;

const NOW = sql<Date>`now()`;

export async function findPayment(db: Kysely<PaymentSchema>, id: string): Promise<Payment | undefined> {
  const row = await db.selectFrom('payments').selectAll().where('id', '=', id).executeTakeFirst();
  return row && fromRow(row);
}

/** As it is after whoever has it now, and nobody else's until the transaction ends. */
export async function lockPayment(tx: Tx, id: string): Promise<Payment | undefined> {
  const row = await tx.selectFrom('payments').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  return row && fromRow(row);
}

/** False when somebody else has inserted it meanwhile. */
export async function insertPayment(tx: Tx, payment: Payment): Promise<boolean> {
  const row = { ...toRow(payment), intent_at: NOW };
  const insert = tx.insertInto('payments').values(row);
  const result = await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** False when the payment is not as it was any more. */
export async function replacePayment(tx: Tx, before: Payment, after: Payment): Promise<boolean> {
  const { id, tenant, sequence, voidRequested } = before;
  const update = tx.updateTable('payments').set({ ...toRow(after), intent_at: NOW });
  const unchanged = update
    .where((where) => where.and({ id, tenant, sequence, void_requested: voidRequested }))
    .where('intent', 'is not distinct from', before.intent ?? null);
  return (await unchanged.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
}

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
