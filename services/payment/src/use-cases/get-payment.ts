import type { PaymentName } from '../domain/begin.ts';
import { paymentNotFound } from '../domain/payment-error.ts';
import type { PaymentView } from '../domain/payment.ts';
import type { PaymentStore } from './payment-store.ts';

export type GetPayment = (name: PaymentName, options: { signal: AbortSignal }) => Promise<PaymentView>;

/** Reads one payment of the tenant. Throws PAYMENT_NOT_FOUND, also when it is another tenant's. */
export function createGetPayment({ payments }: { payments: PaymentStore }): GetPayment {
  return async (name, options) => {
    const payment = await payments.find(name, options);
    if (!payment) throw paymentNotFound();
    return payment;
  };
}
