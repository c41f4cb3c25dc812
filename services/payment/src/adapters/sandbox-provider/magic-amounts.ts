/** How the sandbox behaves on an authorization of a certain amount. */
export interface Behaviour {
  /** Why it declines. */
  readonly declines?: string;
  /** How long its answer takes, once it is in the ledger. */
  readonly answersAfterMs?: number;
  /** The first answer never comes, although the ledger has the charge. */
  readonly losesAnswer?: true;
  /** The first request is turned away before it has any effect. */
  readonly hasOutage?: true;
}

/** Exact amounts in minor units, of any currency. */
const BEHAVIOURS: ReadonlyMap<bigint, Behaviour> = new Map<bigint, Behaviour>([
  [90_000_002n, { declines: 'INSUFFICIENT_FUNDS' }],
  [90_000_003n, { declines: 'CARD_EXPIRED' }],
  [90_000_005n, { answersAfterMs: 1_500 }],
  [90_000_007n, { losesAnswer: true }],
  [90_000_009n, { hasOutage: true }],
]);

/** Any other amount is approved at once. */
export function behaviourFor(amountMinor: bigint | undefined): Behaviour {
  return (amountMinor !== undefined && BEHAVIOURS.get(amountMinor)) || {};
}
