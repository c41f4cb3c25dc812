import { asRpcError, badRequest, Code, RpcError, type RpcErrorInit } from '@millrace/rpc';

/** What RpcErrorInit lacks: a status that the code does not imply, and headers that belong to it. */
export interface HttpErrorInit extends RpcErrorInit {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A failure that only HTTP knows. */
export class HttpError extends RpcError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: Code, message: string, { status, headers = {}, ...init }: HttpErrorInit) {
    super(code, message, { sent: 'refused', ...init });
    this.status = status;
    this.headers = headers;
  }
}

export const routeNotFound = (): HttpError =>
  new HttpError(Code.NOT_FOUND, 'there is nothing at this path', { status: 404, reason: 'ROUTE_NOT_FOUND' });

/** 405 with what is allowed instead. */
export function methodNotAllowed(verb: string, allow: readonly string[]): HttpError {
  return new HttpError(Code.UNIMPLEMENTED, `${verb} is not possible here, ${allow.join(', ')} is`, {
    status: 405,
    reason: 'METHOD_NOT_ALLOWED',
    headers: { allow: allow.join(', ') },
  });
}

interface Refusal {
  readonly code: Code;
  readonly reason: string;
  readonly field: string;
  readonly text: string;
}

/** What Node's and Fastify's own refusals mean, by HTTP status. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  408: {
    code: Code.DEADLINE_EXCEEDED,
    reason: 'REQUEST_TIMEOUT',
    field: 'request',
    text: 'did not arrive in time',
  },
  413: {
    code: Code.RESOURCE_EXHAUSTED,
    reason: 'BODY_TOO_LARGE',
    field: 'body',
    text: 'is over the limit of 1 MiB',
  },
  415: {
    code: Code.INVALID_ARGUMENT,
    reason: 'UNSUPPORTED_MEDIA_TYPE',
    field: 'content-type',
    text: 'must be application/json',
  },
  431: {
    code: Code.RESOURCE_EXHAUSTED,
    reason: 'HEADERS_TOO_LARGE',
    field: 'headers',
    text: 'are over the limit',
  },
};

/** The refusal that the HTTP server itself gave. */
export function httpRefusal(status: number, cause?: unknown): HttpError {
  const known = REFUSALS[status];
  const { code, reason, field, text } = known ?? {
    code: Code.INVALID_ARGUMENT,
    reason: 'BAD_HTTP_REQUEST',
    field: 'request',
    text: 'is not valid HTTP',
  };
  const { message, details } = badRequest([{ field, description: text }]);
  return new HttpError(code, message, { status: known ? status : 400, reason, details, cause });
}

/** Anything that was thrown on the way, as the error to answer with. */
export function toHttpFailure(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof URIError)
    return badRequest([{ field: 'path', description: 'is not percent-encoded UTF-8' }]);
  const { statusCode } = error as { statusCode?: unknown };
  const isRefusal = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500;
  return isRefusal ? httpRefusal(statusCode, error) : asRpcError(error);
}
