import type { Outcome } from '@millrace/durable';
import type { OrderData, Payments } from '../../src/use-cases/ports.ts';

const DONE: Outcome<OrderData> = { kind: 'done' };

/** Payments that all go well. */
export const willingPayments: Payments = {
  authorize: async () => DONE,
  capture: async () => DONE,
  void: async () => undefined,
  refund: async () => DONE,
};
