import type { Operation } from '@millrace/durable';
import type { PaymentName } from '../domain/begin.ts';
import type { Payment, PaymentView } from '../domain/payment.ts';

/** How a request begins: with its reply, or with what has to be settled first. */
export type Begun =
  | { readonly kind: 'answered'; readonly reply: PaymentView }
  /** `isNew`: this call wrote the intent, so that nobody can have asked the provider yet. */
  | { readonly kind: 'undecided'; readonly payment: Payment; readonly isNew: boolean };

/** Where payments are kept. What it writes is on disk when its promise resolves. */
export interface PaymentStore {
  /** Undefined when there is none, or when it is another tenant's. */
  find(name: PaymentName, options: { signal: AbortSignal }): Promise<Payment | undefined>;
  /**
   * Runs `decide` once for the operation's key and keeps its result, in one transaction. When nothing is left to ask,
   * the result is also the reply. Throws what `decide` throws and keeps nothing then; throws IDEMPOTENCY_KEY_REUSED.
   */
  begin(
    operation: Operation,
    decide: (payment: Payment | undefined) => Payment,
    options: { signal: AbortSignal },
  ): Promise<Begun>;
  /**
   * Changes a payment, as it is by then, by an outcome; its event and the replies that it is go into the same
   * transaction. `change` may run more than once.
   */
  record(known: Payment, change: (payment: Payment) => Payment): Promise<Payment>;
  /** Payments that nobody has worked on for this long, each claimed from others who look for the same time. */
  claimUndecided(options: { idleMs: number; limit: number }): Promise<Payment[]>;
}
