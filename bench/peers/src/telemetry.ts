import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { PeerName } from './peers.ts';

/** Those that do not trace their calls by themselves. */
const INSTRUMENTED: readonly PeerName[] = ['nestjs'];

/**
 * Starts OpenTelemetry's SDK as the environment says, which is the same for the kit; traces only. Before the peer is loaded, as its manual
 * asks: a tracer that was made earlier stays silent.
 */
export function startTelemetry(peer: PeerName): void {
  process.env['OTEL_METRICS_EXPORTER'] = 'none';
  process.env['OTEL_LOGS_EXPORTER'] = 'none';
  const instrumentations = INSTRUMENTED.includes(peer) ? [new GrpcInstrumentation()] : [];
  new NodeSDK({ instrumentations }).start();
}
