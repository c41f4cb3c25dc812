/** An amount in its currency's minor unit (pence, cents, whole yen). Never a float. */
export interface Money {
  /** ISO 4217. */
  readonly currency: string;
  readonly minor: bigint;
}

const CURRENCIES: ReadonlySet<string> = new Set(['GBP', 'EUR', 'USD', 'CHF', 'JPY']);

/** What the shop takes. */
export function isKnownCurrency(code: string): boolean {
  return CURRENCIES.has(code);
}
