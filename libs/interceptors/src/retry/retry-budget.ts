/** Options of {@link RetryBudget}. */
export interface RetryBudgetOptions {
  /** How many retries can be made in a row when nothing succeeds. Default 10. */
  readonly capacity?: number;
  /** What each success gives back. Default 0.1: in the long run at most one retry for ten calls that succeed. */
  readonly perSuccess?: number;
}

/**
 * A token bucket that all calls of a client share, so that retries never multiply the load on a service in trouble (the idea
 * and the numbers are those of gRPC's retry throttling, gRFC A6, and Finagle's budget).
 */
export class RetryBudget {
  readonly #capacity: number;
  readonly #perSuccess: number;
  #tokens: number;

  constructor({ capacity = 10, perSuccess = 0.1 }: RetryBudgetOptions = {}) {
    this.#capacity = capacity;
    this.#perSuccess = perSuccess;
    this.#tokens = capacity;
  }

  get tokens(): number {
    return this.#tokens;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + this.#perSuccess);
  }

  /** Takes a second attempt out of the budget; false when there is not so much in it. */
  take(tokens = 1): boolean {
    // Ten times 0.1 is a little less than 1.
    if (this.#tokens < tokens - 1e-9) return false;
    this.#tokens = Math.max(0, this.#tokens - tokens);
    return true;
  }
}
