import type { Money } from './money.ts';
import { paymentNotFound, PaymentError, refusedIn } from './payment-error.ts';
import type { Payment, PaymentStatus } from './payment.ts';

/** Names one payment. */
export interface PaymentName {
  readonly tenant: string;
  readonly id: string;
}

/** What an authorization is asked for. */
export interface NewPayment extends PaymentName {
  readonly orderId: string;
  readonly amount: Money;
}

/** The payment with its first intent. Only one that is not there yet can be authorized: a void may have come before. */
export function beginAuthorize(existing: Payment | undefined, request: NewPayment, now: Date): Payment {
  if (existing) throw refusal(existing);
  return { ...blank(request, now), ...request, status: 'pending', intent: 'authorize' };
}

/** Takes what is held. */
export function beginCapture(payment: Payment | undefined): Payment {
  return { ...expectDecided(payment, 'authorized'), intent: 'capture' };
}

/** Gives back what was captured. */
export function beginRefund(payment: Payment | undefined): Payment {
  return { ...expectDecided(payment, 'captured'), intent: 'refund' };
}

/**
 * Gives up the hold, or makes sure there never is one. A payment nobody has heard of is written as voided, so that an
 * authorization that comes late is refused; one whose authorization is undecided is undone once that is known.
 */
export function beginVoid(payment: Payment | undefined, name: PaymentName, now: Date): Payment {
  if (!payment) return { ...blank(name, now), status: 'voided', intent: undefined };
  if (payment.intent === 'authorize') return { ...payment, voidRequested: true };
  const isUndone = payment.status === 'voided' || payment.status === 'declined' || payment.intent === 'void';
  return isUndone ? payment : { ...expectDecided(payment, 'authorized'), intent: 'void' };
}

function blank({ tenant, id }: PaymentName, now: Date): Omit<Payment, 'status' | 'intent'> {
  return {
    tenant,
    id,
    orderId: undefined,
    amount: undefined,
    declineReason: undefined,
    providerReference: undefined,
    voidRequested: false,
    sequence: 0n,
    createdAt: now,
    updatedAt: now,
  };
}

function expectDecided(payment: Payment | undefined, status: PaymentStatus): Payment {
  if (!payment) throw paymentNotFound();
  if (payment.intent || payment.status !== status) throw refusal(payment);
  return payment;
}

function refusal({ intent, status }: Payment): PaymentError {
  return intent ? new PaymentError('PAYMENT_BUSY', `${intent} is under way`) : refusedIn(status);
}
