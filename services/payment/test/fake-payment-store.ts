import type { Operation } from '@millrace/durable';
import type { Payment, PaymentAction, PaymentView } from '../src/domain/payment.ts';
import { isAnswerTo } from '../src/domain/settle.ts';
import type { PaymentStore } from '../src/use-cases/payment-store.ts';

interface StoredOperation extends Operation {
  reply?: PaymentView;
}

/** Payments in memory, by the same rules. */
export function createFakePaymentStore() {
  const payments = new Map<string, Payment>();
  const operations = new Map<string, StoredOperation>();
  const events: Payment[] = [];

  const store: PaymentStore = {
    find: ({ tenant, id }) => {
      const payment = payments.get(id);
      return Promise.resolve(payment?.tenant === tenant ? payment : undefined);
    },
    begin: (operation, decide, { signal }) =>
      Promise.resolve().then(() => {
        signal.throwIfAborted();
        const key = `${operation.method}:${operation.key}`;
        const earlier = operations.get(key);
        const before = payments.get(operation.subjectId);
        if (earlier?.reply) return { kind: 'answered', reply: earlier.reply };
        const payment = earlier && before ? before : decide(before);
        operations.set(key, { ...operation, ...(!payment.intent && !earlier && { reply: payment }) });
        payments.set(payment.id, payment);
        if (!payment.intent && !earlier) return { kind: 'answered', reply: payment };
        return { kind: 'undecided', payment, isNew: payment.intent !== before?.intent };
      }),
    record: ({ id }, change) =>
      Promise.resolve().then(() => {
        const before = payments.get(id);
        if (!before) throw new Error(`no payment ${id}`);
        const after = change(before);
        if (after === before) return before;
        payments.set(id, after);
        events.push(after);
        for (const operation of operations.values()) {
          const isAnswered = isAnswerTo(operation.method as PaymentAction, after);
          if (operation.subjectId === id && isAnswered) operation.reply ??= after;
        }
        return after;
      }),
    claimUndecided: () => Promise.resolve([...payments.values()].filter(({ intent }) => intent)),
  };
  return { store, payments, events };
}
