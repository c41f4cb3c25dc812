import type { PaymentAction } from '../src/domain/payment.ts';
import type { Outcome } from '../src/domain/settle.ts';
import type { Asking, PaymentProvider } from '../src/use-cases/payment-provider.ts';

type Approved = Extract<Outcome, { kind: 'approved' }>;
/** What the provider does when asked; `act` has the effect and tells its outcome. */
export type Behaviour = (act: () => Outcome, asking: Asking) => Promise<Outcome>;

/** A provider that is idempotent by key and does what it is told. */
export function createFakeProvider() {
  const ledger = new Map<string, Outcome>();
  const asked: string[] = [];
  const behaviours = new Map<PaymentAction, Behaviour>();
  let outcome: Outcome = { kind: 'approved', reference: 'ch_1' };

  const ask = (action: PaymentAction) => async (_: unknown, asking: Asking) => {
    asked.push(action);
    const act = () => {
      const effect = ledger.get(asking.key) ?? outcome;
      ledger.set(asking.key, effect);
      return effect;
    };
    const behaviour = behaviours.get(action);
    behaviours.delete(action);
    return (behaviour ? behaviour(act, asking) : act()) as Promise<Approved>;
  };

  const provider: PaymentProvider = {
    authorize: ask('authorize'),
    capture: ask('capture'),
    void: ask('void'),
    refund: ask('refund'),
    lookup: ({ key }) => {
      asked.push('lookup');
      return Promise.resolve(ledger.get(key));
    },
  };
  return {
    provider,
    ledger,
    /** Every request, in order. */
    asked,
    /** Makes the next request of this kind behave otherwise. */
    next: (action: PaymentAction, behaviour: Behaviour) => void behaviours.set(action, behaviour),
    decideBy: (decided: Outcome) => void (outcome = decided),
  };
}
