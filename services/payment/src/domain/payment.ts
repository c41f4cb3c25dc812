import type { Money } from './money.ts';

/** pending -> authorized | declined; authorized -> captured | voided; captured -> refunded. */
export type PaymentStatus = 'pending' | 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded';

/** What the provider can be asked to do, each at most once for a payment. */
export type PaymentAction = 'authorize' | 'capture' | 'void' | 'refund';

/** What callers and subscribers see of a payment. */
export interface PaymentView {
  readonly id: string;
  /** Undefined, as the amount is, when the payment was voided before anything else was known of it. */
  readonly orderId: string | undefined;
  readonly amount: Money | undefined;
  readonly status: PaymentStatus;
  readonly declineReason: string | undefined;
  readonly providerReference: string | undefined;
  readonly createdAt: Date;
  /** When it took its status. */
  readonly updatedAt: Date;
}

/** A payment with what is still undecided about it. */
export interface Payment extends PaymentView {
  readonly tenant: string;
  /** What the provider was, or is about to be, asked without an answer on record. One at a time. */
  readonly intent: PaymentAction | undefined;
  /** A void came while the authorization was undecided: undo that as soon as its outcome is known. */
  readonly voidRequested: boolean;
  /** How many outcomes it has had, which is the sequence of its last event. */
  readonly sequence: bigint;
}
