import { currentContext, runInContext } from '@millrace/rpc';
import type { Payment, PaymentAction } from '../domain/payment.ts';
import { actionToAsk, settle, type Answer } from '../domain/settle.ts';
import type { Asking, PaymentProvider } from './payment-provider.ts';
import type { PaymentStore } from './payment-store.ts';
import { ProviderError } from './provider-error.ts';

/** Where a test may stop the process. */
export type Probe = (
  point: 'intent-recorded' | 'provider-answered' | 'outcome-recorded',
) => Promise<void> | void;

export interface SettlePaymentOptions {
  readonly payments: PaymentStore;
  readonly provider: PaymentProvider;
  /** Longest wait for one answer of the provider. */
  readonly timeoutMs: number;
  readonly now: () => Date;
  readonly probe?: Probe | undefined;
}

export interface SettlePayment {
  /**
   * Gets the outcome of the payment's intent and records it. Callers at the same time share one request to the provider,
   * and it goes on when they leave. `isNew`: nobody can have asked before.
   */
  (payment: Payment, options?: { isNew?: boolean }): Promise<Payment>;
  /** Resolves when nothing is under way. */
  drain(): Promise<void>;
}

/** Brings intents to their outcome: by asking what came of it where it was asked before, else by asking for it. */
export function createSettlePayment(options: SettlePaymentOptions): SettlePayment {
  const { payments, provider, timeoutMs, now, probe } = options;
  const underWay = new Map<string, Promise<Payment>>();

  const asking = (payment: Payment, action: PaymentAction): Asking => ({
    key: `${payment.id}:${action}`,
    signal: AbortSignal.timeout(timeoutMs),
  });

  async function answerTo(payment: Payment, intent: PaymentAction, isNew: boolean): Promise<Answer> {
    try {
      const known = isNew ? undefined : await provider.lookup(asking(payment, intent));
      if (known) return { action: intent, outcome: known };
      const action = actionToAsk(payment) ?? intent;
      const charge = { paymentId: payment.id, amount: payment.amount };
      return { action, outcome: await provider[action](charge, asking(payment, action)) };
    } catch (error) {
      if (error instanceof ProviderError) throw error;
      throw new ProviderError('UNKNOWN_OUTCOME', `the provider gave no answer to ${intent}`, error);
    }
  }

  async function run(payment: Payment, intent: PaymentAction, isNew: boolean): Promise<Payment> {
    await probe?.('intent-recorded');
    const answer = await answerTo(payment, intent, isNew);
    await probe?.('provider-answered');
    const settled = await payments.record(payment, (current) => settle(current, answer, now()));
    await probe?.('outcome-recorded');
    return settled;
  }

  function settlePayment(payment: Payment, { isNew = false } = {}): Promise<Payment> {
    const { intent } = payment;
    if (!intent) return Promise.resolve(payment);
    const key = `${payment.id}:${intent}`;
    const shared = underWay.get(key);
    if (shared) return shared;
    const running = runInContext(currentContext().detach(), () => run(payment, intent, isNew));
    underWay.set(key, running);
    const forget = () => void underWay.delete(key);
    running.then(forget, forget);
    return running;
  }

  return Object.assign(settlePayment, {
    drain: async () => void (await Promise.allSettled(underWay.values())),
  });
}
