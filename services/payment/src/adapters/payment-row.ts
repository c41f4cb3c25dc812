import type { Selectable } from 'kysely';
import type { Payment } from '../domain/payment.ts';
import type { PaymentsTable } from './schema.ts';

type Row = Omit<Selectable<PaymentsTable>, 'intent_at'>;

export function toRow(payment: Payment): Row {
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

export function fromRow(row: Row): Payment {
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
