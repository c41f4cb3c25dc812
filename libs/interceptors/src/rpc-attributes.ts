import type { Attributes } from '@opentelemetry/api';
import type { Method } from '@millrace/contracts';

/** OpenTelemetry's stable RPC conventions (semantic-conventions 1.45). */
export const RPC_STATUS_CODE = 'rpc.status_code';

/** What spans and metrics say about every call. */
export function rpcAttributes({ path }: Method): Attributes {
  return { 'rpc.system.name': 'grpc', 'rpc.method': path.slice(1) };
}
