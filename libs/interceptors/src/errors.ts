import {
  badRequest,
  Code,
  RpcError,
  tapReply,
  type Call,
  type FieldViolation,
  type Interceptor,
} from '@millrace/rpc';
import type { Logger } from './logger.ts';

/** The status of each domain error, by its `reason`. */
export type ErrorTable = Readonly<Record<string, Code>>;

/** Options of {@link errors}. */
export interface ErrorsOptions {
  readonly logger: Logger;
  /** Default empty. */
  readonly table?: ErrorTable;
}

/** An error of a domain: a stable reason for programs, a message for people, and what else is known. */
interface DomainError extends Error {
  readonly reason: string;
  readonly violations?: readonly FieldViolation[];
  readonly retryDelayMs?: number;
}

const CANCELLATIONS = new Set(['AbortError', 'WorkCancelled']);

function isDomainError(error: unknown): error is DomainError {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'string';
}

function fromDomain(error: DomainError, code: Code): RpcError {
  const { reason, message, retryDelayMs, violations = [] } = error;
  const known = violations.length > 0 ? badRequest(violations) : new RpcError(code, message);
  return known.with({ code, message, reason, retryDelayMs, cause: error });
}

/** What a domain error is to the caller; undefined for an error that nobody expected. */
function expected(error: unknown, table: ErrorTable): RpcError | undefined {
  if (!isDomainError(error)) return undefined;
  if (Object.hasOwn(table, error.reason)) return fromDomain(error, table[error.reason] ?? Code.UNKNOWN);
  return error.violations?.length ? fromDomain(error, Code.INVALID_ARGUMENT) : undefined;
}

function isCancellation(error: unknown): boolean {
  return error instanceof Error && CANCELLATIONS.has(error.name);
}

/**
 * Server side: turns what a handler throws, at once or out of its stream, into a status. Domain errors by their `reason` and
 * the service's table; those with `violations` name the fields in a BadRequest, those with `retryDelayMs` say when to come
 * back. Cancelled work ends as its call was cancelled. Anything else is INTERNAL with fixed text, and logged once with its
 * stack.
 */
export function errors({ logger, table = {} }: ErrorsOptions): Interceptor {
  const unexpected = (call: Call, cause: unknown): RpcError => {
    const fields = { err: cause, method: call.method.path, traceId: call.context.trace?.traceId };
    logger.error(fields, 'a call failed unexpectedly');
    return new RpcError(Code.INTERNAL, 'internal error', { cause });
  };
  const translate = (call: Call, error: unknown): RpcError => {
    if (error instanceof RpcError) {
      if (error.code === Code.INTERNAL && error.cause !== undefined) unexpected(call, error.cause);
      return error;
    }
    const known = expected(error, table);
    if (known) return known;
    if (isCancellation(error)) {
      return call.cancelled ?? new RpcError(Code.CANCELLED, 'the work was cancelled', { cause: error });
    }
    return unexpected(call, error);
  };
  return async (call, next) => {
    try {
      const ending = (error: unknown): unknown => (error === undefined ? undefined : translate(call, error));
      return tapReply(await next(call), { ending });
    } catch (error) {
      throw translate(call, error);
    }
  };
}
