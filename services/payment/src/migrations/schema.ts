import type { DurableTables } from '@millrace/durable';
import type { PaymentAction, PaymentStatus } from '../domain/payment.ts';

/** The tables of the payments database, without the sandbox provider's, which are not ours. */
export interface PaymentSchema extends DurableTables {
  payments: PaymentsTable;
}

export interface PaymentsTable {
  id: string;
  tenant: string;
  order_id: string | null;
  amount_minor: bigint | null;
  currency: string | null;
  status: PaymentStatus;
  intent: PaymentAction | null;
  /** When somebody last worked on the intent, by the database's clock. */
  intent_at: Date;
  void_requested: boolean;
  decline_reason: string | null;
  provider_reference: string | null;
  sequence: bigint;
  created_at: Date;
  updated_at: Date;
}
