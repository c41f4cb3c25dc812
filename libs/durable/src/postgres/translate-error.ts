import { types } from 'node:util';
import { DatabaseUnavailable, StatementFailed, WorkCancelled } from './errors.ts';

/** SQLSTATEs that mean the server is not there for us: connection exceptions, shutdown, start-up, no slots. */
const unavailable = /^(08...|57P01|57P02|57P03|57P05|53300|25P03|25P04)$/;
const network = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/;
/** pg has no codes for these; the texts are those of pg 8 and pg-pool 3. */
const lost =
  /Connection terminated|connection error|Client was closed|timeout exceeded when trying to connect/;
const queryCanceled = '57014';

/** Turns what pg throws into this package's errors; anything that is not the database's fault passes unchanged. */
export function translateError(error: unknown, signal?: AbortSignal): unknown {
  if (!types.isNativeError(error)) return error;
  const code = codeOf(error);
  if (code === queryCanceled && signal?.aborted === true) return new WorkCancelled(signal.reason);
  if (network.test(code) || lost.test(error.message)) {
    return new DatabaseUnavailable('the database cannot be reached', error);
  }
  if (!('severity' in error)) return error;
  if (unavailable.test(code)) return new DatabaseUnavailable('the database is not available', error);
  const { constraint } = error as { constraint?: string };
  return new StatementFailed(code, constraint, error);
}

function codeOf(error: Error): string {
  // Node's happy-eyeballs connect fails with an AggregateError that keeps the codes inside.
  const inner: unknown = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : error;
  const { code } = (inner ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
