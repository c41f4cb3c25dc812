import type { Attributes } from '@opentelemetry/api';
import type { Method } from '@millrace/contracts';

/** OpenTelemetry's stable RPC conventions (semantic-conventions 1.45). */
export const RPC_STATUS_CODE = 'rpc.status_code';

const known = new WeakMap<Method, Attributes>();

/** What spans and metrics say about every call of a method; always the same frozen object. */
export function rpcAttributes(method: Method): Attributes {
  const attributes = known.get(method);
  if (attributes) return attributes;
  const made = Object.freeze({ 'rpc.system.name': 'grpc', 'rpc.method': method.path.slice(1) });
  known.set(method, made);
  return made;
}
