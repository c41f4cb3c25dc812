interface Facts {
  reason: string;
  message: string;
  retryable?: boolean;
  cause?: unknown;
}

/** About what a database takes to come back, or a pool to have a connection free. */
const RETRY_DELAY_MS = 500;

/** What every error of this package is: named, with a stable `reason`, and a `cause` where there is one. */
export class DurableError extends Error {
  override readonly name: string = 'DurableError';
  /** Stable and upper case, for tables that map reasons to statuses. */
  readonly reason: string;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** When to try again, in milliseconds; callers are told. Undefined when that is of no use. */
  readonly retryDelayMs: number | undefined;

  constructor({ reason, message, retryable = false, cause }: Facts) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.retryable = retryable;
    this.retryDelayMs = retryable ? RETRY_DELAY_MS : undefined;
  }
}

/** No connection: refused, lost, or none free within the limit. Nothing was committed by this call. */
export class DatabaseUnavailable extends DurableError {
  override readonly name = 'DatabaseUnavailable';
  constructor(message: string, cause?: unknown) {
    super({ reason: 'DATABASE_UNAVAILABLE', message, retryable: true, cause });
  }
}

/** The connection broke while COMMIT was on its way: the transaction may or may not have happened. */
export class CommitUnknown extends DurableError {
  override readonly name = 'CommitUnknown';
  constructor(cause: unknown) {
    const message = 'the connection was lost during COMMIT; the outcome must be read by the operation key';
    super({ reason: 'COMMIT_UNKNOWN', message, retryable: true, cause });
  }
}

/** The caller's signal ended the work; nothing of it was committed. */
export class WorkCancelled extends DurableError {
  override readonly name = 'WorkCancelled';
  constructor(cause?: unknown) {
    super({ reason: 'WORK_CANCELLED', message: 'the work was cancelled by its caller', cause });
  }
}

/** The server refused a statement. `sqlState` is PostgreSQL's code, `constraint` names what was violated. */
export class StatementFailed extends DurableError {
  override readonly name = 'StatementFailed';
  readonly sqlState: string;
  readonly constraint: string | undefined;

  constructor(sqlState: string, constraint: string | undefined, cause: unknown) {
    const where = constraint === undefined ? '' : `, ${constraint}`;
    super({ reason: reasonOf(sqlState), message: `a statement failed (${sqlState}${where})`, cause });
    this.sqlState = sqlState;
    this.constraint = constraint;
  }
}

/** A serialization failure or a deadlock: the same transaction may succeed when it runs again. */
export function isConflict(error: unknown): boolean {
  return error instanceof StatementFailed && (error.sqlState === '40001' || error.sqlState === '40P01');
}

const reasons: Record<string, string> = {
  '23505': 'UNIQUE_VIOLATION',
  '23503': 'FOREIGN_KEY_VIOLATION',
  '23514': 'CHECK_VIOLATION',
  '57014': 'STATEMENT_TIMEOUT',
  '40001': 'SERIALIZATION_FAILURE',
  '40P01': 'DEADLOCK',
};

function reasonOf(sqlState: string): string {
  return reasons[sqlState] ?? 'STATEMENT_FAILED';
}
