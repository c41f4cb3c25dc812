import { STATUS_CODES } from 'node:http';
import { Code, codeName, fieldViolations, type RpcError } from '@millrace/rpc';
import { HttpError } from './http-error.ts';

/** The one form of every error over HTTP: RFC 9457, application/problem+json. */
export interface Problem {
  readonly type: 'about:blank';
  /** The phrase of the HTTP status. */
  readonly title: string;
  /** The HTTP status. */
  readonly status: number;
  /** The gRPC status, by name: `INVALID_ARGUMENT`. */
  readonly code: string;
  /** For programs, more exact than the code: `IDEMPOTENCY_KEY_REUSED`. */
  readonly reason: string;
  /** For people. */
  readonly detail: string;
  /** The wrong fields, by the paths of the proto: `lines[0].quantity`. */
  readonly errors: readonly { readonly field: string; readonly description: string }[];
  readonly traceId: string;
  /** When it makes sense to try again. */
  readonly retryAfterMs?: number;
}

/** As google/rpc/code.proto documents. */
const STATUS: Readonly<Record<Code, number>> = {
  [Code.OK]: 200,
  [Code.CANCELLED]: 499,
  [Code.UNKNOWN]: 500,
  [Code.INVALID_ARGUMENT]: 400,
  [Code.DEADLINE_EXCEEDED]: 504,
  [Code.NOT_FOUND]: 404,
  [Code.ALREADY_EXISTS]: 409,
  [Code.PERMISSION_DENIED]: 403,
  [Code.RESOURCE_EXHAUSTED]: 429,
  [Code.FAILED_PRECONDITION]: 400,
  [Code.ABORTED]: 409,
  [Code.OUT_OF_RANGE]: 400,
  [Code.UNIMPLEMENTED]: 501,
  [Code.INTERNAL]: 500,
  [Code.UNAVAILABLE]: 503,
  [Code.DATA_LOSS]: 500,
  [Code.UNAUTHENTICATED]: 401,
};

const CLIENT_GONE = 'Client Closed Request';

/** The HTTP status of an error. */
export const statusOf = (error: RpcError): number =>
  error instanceof HttpError ? error.status : STATUS[error.code];

/** An error as the body of its answer. */
export function toProblem(error: RpcError, traceId: string): Problem {
  const status = statusOf(error);
  const { retryDelayMs } = error;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? CLIENT_GONE,
    status,
    code: codeName(error.code),
    reason: error.reason,
    detail: error.message,
    errors: fieldViolations(error).map(({ field, description }) => ({ field, description })),
    traceId,
    ...(retryDelayMs === undefined ? {} : { retryAfterMs: retryDelayMs }),
  };
}

/** As RFC 6750: the error is left out when no token came at all. */
const challengeOf = ({ reason }: RpcError): string =>
  `Bearer realm="millrace"${reason === 'TOKEN_MISSING' ? '' : ', error="invalid_token"'}`;

/** The headers that an error's answer carries. */
export function problemHeaders(error: RpcError): Record<string, string> {
  const { retryDelayMs } = error;
  return {
    'content-type': 'application/problem+json',
    ...(error instanceof HttpError ? error.headers : {}),
    ...(statusOf(error) === 401 ? { 'www-authenticate': challengeOf(error) } : {}),
    ...(retryDelayMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryDelayMs / 1000)) }),
  };
}
