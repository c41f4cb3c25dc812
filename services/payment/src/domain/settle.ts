import type { Payment, PaymentAction, PaymentStatus, PaymentView } from './payment.ts';

/** What the provider said. Only an authorization can be declined. */
export type Outcome =
  | { readonly kind: 'approved'; readonly reference: string | undefined }
  | { readonly kind: 'declined'; readonly reason: string };

/** What the provider was asked, and what came of it. */
export interface Answer {
  readonly action: PaymentAction;
  readonly outcome: Outcome;
}

const LEADS_TO: Readonly<Record<PaymentAction, PaymentStatus>> = {
  authorize: 'authorized',
  capture: 'captured',
  void: 'voided',
  refund: 'refunded',
};

/** What the provider has to be asked to decide the payment, given that it does not know of the intent's outcome. */
export function actionToAsk({ intent, voidRequested }: Payment): PaymentAction | undefined {
  // Nobody wants the authorization any more, so it is not run again just to learn its outcome.
  return intent === 'authorize' && voidRequested ? 'void' : intent;
}

/** The payment after the provider's answer. The same object when the answer was recorded before, by whoever it was. */
export function settle(payment: Payment, { action, outcome }: Answer, now: Date): Payment {
  if (payment.intent !== action && actionToAsk(payment) !== action) return payment;
  const decided = { ...payment, intent: undefined, sequence: payment.sequence + 1n, updatedAt: now };
  if (outcome.kind === 'approved') {
    const status = LEADS_TO[action];
    const intent = status === 'authorized' && payment.voidRequested ? 'void' : undefined;
    return { ...decided, status, intent, providerReference: payment.providerReference ?? outcome.reference };
  }
  if (action !== 'authorize') throw new Error(`a provider cannot decline to ${action}: ${outcome.reason}`);
  return { ...decided, status: 'declined', declineReason: outcome.reason };
}

/** Whether the payment, where it stands, is the answer to a request for `action`. */
export function isAnswerTo(action: PaymentAction, { status }: PaymentView): boolean {
  return (
    status === LEADS_TO[action] || (status === 'declined' && (action === 'authorize' || action === 'void'))
  );
}
