import type { Generated } from 'kysely';
import type { PaymentAction } from '../../domain/payment.ts';

/** The tables of the sandbox provider. */
export interface ProviderSchema {
  'provider.ledger': LedgerTable;
  'provider.outages': { key: string };
}

export interface LedgerTable {
  key: string;
  kind: PaymentAction;
  /** The provider's name for the charge; null where there is none to name. */
  charge_reference: string | null;
  payment_id: string;
  amount_minor: bigint | null;
  currency: string | null;
  /** `cancelled`: an authorization that was voided before it arrived, and is declined when it does. */
  outcome: 'approved' | 'declined' | 'cancelled';
  decline_reason: string | null;
  created_at: Generated<Date>;
}
