import { create, type Message } from '@bufbuild/protobuf';
import { anyPack, anyUnpack, durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import { createRegistry } from '@bufbuild/protobuf';
import {
  BadRequestSchema,
  createCodec,
  ErrorInfoSchema,
  RetryInfoSchema,
  StatusSchema,
  type RetryInfo,
  type Status,
} from '@millrace/contracts';
import { Code, codeName, normalizeCode, RpcError, type Detail } from './status.ts';

/** One wrong field of a request: a path such as `lines[0].quantity`, and what is expected there. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
  readonly reason?: string;
}

const REGISTRY = createRegistry(BadRequestSchema, ErrorInfoSchema, RetryInfoSchema);
const STATUS = createCodec(StatusSchema);

/** Who says so: the domain of every ErrorInfo the kit writes. */
export const ERROR_DOMAIN = 'millrace';

/** The error for a request with wrong fields: INVALID_ARGUMENT with a BadRequest that names each. */
export function badRequest(violations: readonly FieldViolation[]): RpcError {
  const [first] = violations;
  const message = violations.map(({ field, description }) => `${field}: ${description}`).join('; ');
  return new RpcError(Code.INVALID_ARGUMENT, message, {
    reason: first?.reason ?? 'INVALID_FIELD',
    sent: 'refused',
    details: [create(BadRequestSchema, { fieldViolations: violations.map((one) => ({ ...one })) })],
  });
}

/** The wrong fields an error names; empty when it is not about fields. */
export function fieldViolations(error: RpcError): readonly FieldViolation[] {
  return error.details.flatMap((detail) =>
    detail.$typeName === 'google.rpc.BadRequest' ? detail.fieldViolations : [],
  );
}

/** The longest Duration: ten thousand years. */
const LONGEST_MS = 315_576_000_000_000;

/** In whole milliseconds: a Duration has no fractions of nanoseconds, and what cannot be written would cost the process. */
function retryInfo(delayMs: number | undefined): RetryInfo[] {
  if (delayMs === undefined || Number.isNaN(delayMs)) return [];
  const wholeMs = Math.min(Math.max(Math.ceil(delayMs), -1), LONGEST_MS);
  return [create(RetryInfoSchema, { retryDelay: durationFromMs(wholeMs) })];
}

/** An error as google.rpc.Status: ErrorInfo first, then RetryInfo where there is a delay, then its other details. */
export function toStatus(error: RpcError): Status {
  const info = create(ErrorInfoSchema, {
    reason: error.reason,
    domain: ERROR_DOMAIN,
    metadata: {
      ...(error.retried && { retried: 'true' }),
      ...(error.sent === 'refused' && { refused: 'true' }),
    },
  });
  const retry = retryInfo(error.retryDelayMs).map((one) => anyPack(RetryInfoSchema, one));
  const others = error.details.flatMap((detail) => {
    const schema = REGISTRY.getMessage(detail.$typeName);
    return schema ? [anyPack(schema, detail as Message)] : [];
  });
  return create(StatusSchema, {
    code: error.code,
    message: error.message,
    details: [anyPack(ErrorInfoSchema, info), ...retry, ...others],
  });
}

/** Reads a google.rpc.Status; details of unknown types are dropped. */
export function fromStatus(status: Status): RpcError {
  const code = normalizeCode(status.code);
  const details = status.details.flatMap((any) => {
    const detail = anyUnpack(any, REGISTRY) as Detail | undefined;
    return detail ? [detail] : [];
  });
  const info = details.find((detail) => detail.$typeName === 'google.rpc.ErrorInfo');
  const retry = details.find((detail) => detail.$typeName === 'google.rpc.RetryInfo');
  return new RpcError(code, status.message, {
    reason: info?.reason || codeName(code),
    retryDelayMs: retry?.retryDelay ? durationMs(retry.retryDelay) : undefined,
    retried: info?.metadata['retried'] === 'true',
    sent: info?.metadata['refused'] === 'true' ? 'refused' : 'maybe',
    details: details.filter((detail) => detail.$typeName === 'google.rpc.BadRequest'),
  });
}

/** The bytes of grpc-status-details-bin. */
export function encodeStatus(error: RpcError): Uint8Array {
  return STATUS.encode(toStatus(error));
}

/** Reads grpc-status-details-bin; undefined when the bytes are no Status. */
export function decodeStatus(bytes: Uint8Array): RpcError | undefined {
  try {
    return fromStatus(STATUS.decode(bytes) as Status);
  } catch {
    return undefined;
  }
}
