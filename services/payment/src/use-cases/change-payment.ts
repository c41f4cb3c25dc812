import type { Operation } from '@millrace/durable';
import {
  beginAuthorize,
  beginCapture,
  beginRefund,
  beginVoid,
  type NewPayment,
  type PaymentName,
} from '../domain/begin.ts';
import { refusedIn } from '../domain/payment-error.ts';
import type { Payment, PaymentAction, PaymentView } from '../domain/payment.ts';
import { isAnswerTo } from '../domain/settle.ts';
import type { PaymentStore } from './payment-store.ts';
import type { SettlePayment } from './settle-payment.ts';

/** What makes a request repeatable: its key, and the fingerprint of what was asked with it. */
export interface RequestKey {
  readonly key: string;
  readonly fingerprint: string;
  /** When it aborts the caller has gone: nothing more is begun for it, but what the provider was asked is recorded. */
  readonly signal: AbortSignal;
}

type Change<Request> = (request: Request, key: RequestKey) => Promise<PaymentView>;

/** The four things that can be done to a payment, each once for its key; a repeat gets the first one's reply. */
export interface ChangePayment {
  readonly authorize: Change<NewPayment>;
  readonly capture: Change<PaymentName>;
  readonly void: Change<PaymentName>;
  readonly refund: Change<PaymentName>;
}

export interface ChangePaymentOptions {
  readonly payments: PaymentStore;
  readonly settle: SettlePayment;
  readonly now: () => Date;
}

interface Decision extends RequestKey {
  readonly decide: (payment: Payment | undefined) => Payment;
}

/** Commit the intent, ask the provider, commit the outcome. */
export function createChangePayment({ payments, settle, now }: ChangePaymentOptions): ChangePayment {
  async function change(
    action: PaymentAction,
    name: PaymentName,
    { key, fingerprint, signal, decide }: Decision,
  ) {
    const operation: Operation = {
      tenant: name.tenant,
      method: action,
      key,
      fingerprint,
      subjectId: name.id,
    };
    // Twice around at most: a void of an undecided authorization settles that first.
    for (;;) {
      const begun = await payments.begin(operation, decide, { signal });
      if (begun.kind === 'answered') return begun.reply;
      // Undone before its outcome was ever known, so there is no reply and never will be.
      if (!begun.payment.intent) throw refusedIn(begun.payment.status);
      signal.throwIfAborted();
      const settled = await orAbort(settle(begun.payment, { isNew: begun.isNew }), signal);
      if (isAnswerTo(action, settled)) return settled;
    }
  }

  return {
    authorize: (request, key) =>
      change('authorize', request, { ...key, decide: (found) => beginAuthorize(found, request, now()) }),
    capture: (name, key) => change('capture', name, { ...key, decide: beginCapture }),
    void: (name, key) => change('void', name, { ...key, decide: (found) => beginVoid(found, name, now()) }),
    refund: (name, key) => change('refund', name, { ...key, decide: beginRefund }),
  };
}

/** Waits as long as the caller does. The work goes on without it. */
function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort));
}
