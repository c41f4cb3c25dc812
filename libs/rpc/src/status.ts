import type { BadRequest, ErrorInfo, RetryInfo } from '@millrace/contracts';

/** The status codes of gRPC, by name. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

const NAMES = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]));

/** `NOT_FOUND` for 5. */
export function codeName(code: Code): string {
  return NAMES.get(code) ?? 'UNKNOWN';
}

/** A status code off the wire: whatever is not one of gRPC's (grpc-js hands out undefined, NaN and 999) is UNKNOWN. */
export function normalizeCode(code: unknown): Code {
  return typeof code === 'number' && NAMES.has(code) ? (code as Code) : Code.UNKNOWN;
}

/** Whether the server can have seen the call: `never` left this process, `refused` before any work, or `maybe`. */
export type Sent = 'never' | 'maybe' | 'refused';

/** What an error can carry beside its reason and retry delay, which are written and read for you. */
export type Detail = BadRequest | ErrorInfo | RetryInfo;

/** What an RpcError is made of, beside its code and message. */
export interface RpcErrorInit {
  /** UPPER_SNAKE_CASE, for programs. Default: the code's name. */
  reason?: string | undefined;
  /** Rich details; they travel in grpc-status-details-bin. */
  details?: readonly Detail[] | undefined;
  /** Default `maybe`. */
  sent?: Sent | undefined;
  /** When it makes sense to try again, in milliseconds. */
  retryDelayMs?: number | undefined;
  /** The hop nearest the failure has tried again already: nobody upstream should. */
  retried?: boolean | undefined;
  cause?: unknown;
}

/** How a call fails, on both sides: a rejection, or a throw from a stream's iterator. Never carries a stack over the wire. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: Code;
  readonly reason: string;
  readonly details: readonly Detail[];
  /** Only `never` and `refused` may be tried again when the call is not idempotent. */
  readonly sent: Sent;
  readonly retryDelayMs: number | undefined;
  readonly retried: boolean;

  constructor(code: Code, message: string, init: RpcErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.reason = init.reason ?? codeName(code);
    this.details = init.details ?? [];
    this.sent = init.sent ?? 'maybe';
    this.retryDelayMs = init.retryDelayMs;
    this.retried = init.retried ?? false;
  }

  /** The same failure with something about it changed. */
  with(patch: RpcErrorInit & { code?: Code; message?: string }): RpcError {
    const { code = this.code, message = this.message, ...rest } = patch;
    const { reason, details, sent, retryDelayMs, retried, cause } = this;
    return new RpcError(code, message, { reason, details, sent, retryDelayMs, retried, cause, ...rest });
  }
}

/** Any failure as an RpcError. What is not one already is INTERNAL with fixed text: its own text stays in `cause`. */
export function asRpcError(error: unknown): RpcError {
  return error instanceof RpcError ? error : new RpcError(Code.INTERNAL, 'internal error', { cause: error });
}
