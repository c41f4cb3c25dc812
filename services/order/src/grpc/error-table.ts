import type { ErrorTable } from '@millrace/interceptors';
import { Code } from '@millrace/rpc';

/** The status of each error that callers can do something about, by its reason. Wrong fields are INVALID_ARGUMENT anyway. */
export const errorTable: ErrorTable = {
  ORDER_NOT_FOUND: Code.NOT_FOUND,
  ORDER_NOT_CANCELLABLE: Code.FAILED_PRECONDITION,
  CUSTOMER_MISMATCH: Code.PERMISSION_DENIED,
  QUOTE_NOT_ALLOWED: Code.PERMISSION_DENIED,
  IDEMPOTENCY_KEY_REUSED: Code.ALREADY_EXISTS,
  CURSOR_OUT_OF_RANGE: Code.OUT_OF_RANGE,
  DATABASE_UNAVAILABLE: Code.UNAVAILABLE,
  COMMIT_UNKNOWN: Code.UNAVAILABLE,
  STATEMENT_TIMEOUT: Code.UNAVAILABLE,
};
