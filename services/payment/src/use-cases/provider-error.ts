/** The provider did not answer (it may or may not have acted), or answered that it cannot, or that it never will. */
export type ProviderFailure = 'UNKNOWN_OUTCOME' | 'PROVIDER_UNAVAILABLE' | 'PROVIDER_REFUSED';

const RETRY_DELAY_MS = 200;

/** A request to the provider without an outcome. The intent stays on record, so the same key asked again settles it. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly reason: ProviderFailure;
  /** In milliseconds; undefined when asking again is of no use. */
  readonly retryDelayMs: number | undefined;

  constructor(reason: ProviderFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.retryDelayMs = reason === 'PROVIDER_REFUSED' ? undefined : RETRY_DELAY_MS;
  }
}
