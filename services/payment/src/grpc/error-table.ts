import type { ErrorTable } from '@millrace/interceptors';
import { Code } from '@millrace/rpc';
import type { PaymentRefusal } from '../domain/payment-error.ts';
import type { ProviderFailure } from '../use-cases/provider-error.ts';

type Reason =
  | PaymentRefusal
  | ProviderFailure
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'DATABASE_UNAVAILABLE'
  | 'COMMIT_UNKNOWN'
  | 'STATEMENT_TIMEOUT';

/** What the errors of payments and of what they stand on are to callers, by reason. */
export const errorTable: ErrorTable & Record<Reason, Code> = {
  PAYMENT_NOT_FOUND: Code.NOT_FOUND,
  PAYMENT_BUSY: Code.ABORTED,
  PAYMENT_PENDING: Code.FAILED_PRECONDITION,
  PAYMENT_AUTHORIZED: Code.FAILED_PRECONDITION,
  PAYMENT_DECLINED: Code.FAILED_PRECONDITION,
  PAYMENT_CAPTURED: Code.FAILED_PRECONDITION,
  PAYMENT_VOIDED: Code.FAILED_PRECONDITION,
  PAYMENT_REFUNDED: Code.FAILED_PRECONDITION,
  PROVIDER_UNAVAILABLE: Code.UNAVAILABLE,
  UNKNOWN_OUTCOME: Code.UNAVAILABLE,
  // The provider's books and ours contradict each other: the payment stays undecided until a person has looked.
  PROVIDER_REFUSED: Code.INTERNAL,
  IDEMPOTENCY_KEY_REUSED: Code.ALREADY_EXISTS,
  DATABASE_UNAVAILABLE: Code.UNAVAILABLE,
  COMMIT_UNKNOWN: Code.UNAVAILABLE,
  STATEMENT_TIMEOUT: Code.UNAVAILABLE,
};
