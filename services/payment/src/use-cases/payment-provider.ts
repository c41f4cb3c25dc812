import type { Money } from '../domain/money.ts';
import type { Outcome } from '../domain/settle.ts';

/** The charge that a request is about, under the name that we gave it. */
export interface Charge {
  readonly paymentId: string;
  /** Undefined only in a void of an authorization that may never have arrived. */
  readonly amount: Money | undefined;
}

/** How the provider is asked. */
export interface Asking {
  /** One key, one effect: asking again with the key tells the first outcome, and so does `lookup`. */
  readonly key: string;
  /** When it aborts the request must reject soon; what happened at the provider stays unknown. */
  readonly signal: AbortSignal;
}

type Approved = Extract<Outcome, { kind: 'approved' }>;

/**
 * Who holds and moves the money. A request that rejects may have had its effect all the same, unless the error is a
 * ProviderError that says otherwise.
 */
export interface PaymentProvider {
  authorize(charge: Charge, asking: Asking): Promise<Outcome>;
  capture(charge: Charge, asking: Asking): Promise<Approved>;
  /** Gives up the hold; where none is known it makes sure that a late authorization of the charge is declined. */
  void(charge: Charge, asking: Asking): Promise<Approved>;
  refund(charge: Charge, asking: Asking): Promise<Approved>;
  /** What came of an earlier request with this key; undefined when it never arrived. */
  lookup(asking: Asking): Promise<Outcome | undefined>;
}
