import type { Payment } from '../src/domain/payment.ts';

export const AT = new Date('2026-01-02T03:04:05Z');
export const LATER = new Date('2026-01-02T03:04:06Z');
export const NAME = { tenant: 'acme', id: '0197a000-0000-7000-8000-000000000001' };
export const NEW_PAYMENT = {
  ...NAME,
  orderId: '0197a000-0000-7000-8000-0000000000aa',
  amount: { currency: 'GBP', minor: 1_250n },
};

/** An authorized payment, or one that differs from it. */
export function aPayment(changes: Partial<Payment> = {}): Payment {
  return {
    ...NEW_PAYMENT,
    status: 'authorized',
    intent: undefined,
    voidRequested: false,
    declineReason: undefined,
    providerReference: 'ch_1',
    sequence: 1n,
    createdAt: AT,
    updatedAt: AT,
    ...changes,
  };
}
