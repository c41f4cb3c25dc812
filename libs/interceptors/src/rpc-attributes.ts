import type { Attributes } from '@opentelemetry/api';
import type { Call } from '@millrace/rpc';

/** OpenTelemetry's stable RPC conventions (semantic-conventions 1.45). */
export const RPC_STATUS_CODE = 'rpc.status_code';

/** What spans and metrics say about every call. */
export function rpcAttributes({ method, peer, side }: Call): Attributes {
  const attributes: Attributes = { 'rpc.system.name': 'grpc', 'rpc.method': method.path.slice(1) };
  if (peer) attributes[side === 'client' ? 'server.address' : 'client.address'] = peer;
  return attributes;
}
