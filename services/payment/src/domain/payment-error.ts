import type { PaymentStatus } from './payment.ts';

/** Why a payment refuses an action: it is unknown, has another action under way, or stands where the action has no place. */
export type PaymentRefusal = 'PAYMENT_NOT_FOUND' | 'PAYMENT_BUSY' | `PAYMENT_${Uppercase<PaymentStatus>}`;

/** After this time the action under way is probably decided. */
const BUSY_RETRY_DELAY_MS = 250;

/** An action that the rules do not allow. Nothing was changed by it. */
export class PaymentError extends Error {
  override readonly name = 'PaymentError';
  readonly reason: PaymentRefusal;
  /** Set when the same call may succeed later, in milliseconds. */
  readonly retryDelayMs: number | undefined;

  constructor(reason: PaymentRefusal, message: string) {
    super(message);
    this.reason = reason;
    this.retryDelayMs = reason === 'PAYMENT_BUSY' ? BUSY_RETRY_DELAY_MS : undefined;
  }
}

/** The error for an action that has no place after this status. */
export function refusedIn(status: PaymentStatus): PaymentError {
  const reason = `PAYMENT_${status.toUpperCase() as Uppercase<PaymentStatus>}` as const;
  return new PaymentError(reason, `the payment is ${status}`);
}

/** The error for a payment that is not there, or is another tenant's. */
export function paymentNotFound(): PaymentError {
  return new PaymentError('PAYMENT_NOT_FOUND', 'no such payment');
}
