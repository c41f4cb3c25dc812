import { createBareServer, type BareServerOptions, type RpcServer } from '@millrace/rpc';
import { serverInterceptors, type ServerChainOptions } from './server-interceptors.ts';

/** Options of {@link createServer}: what it serves, and what its chain is told. Only `services` has no default. */
export type ServerOptions = Omit<BareServerOptions, 'interceptors'> & ServerChainOptions;

/**
 * A gRPC server with health behind the full chain: tracing, metrics, logging, errors, load shedding, who calls and may they, deadlines,
 * the times of streams, validation, idempotency; each as its method's proto says. Without `auth` every call is UNAUTHENTICATED,
 * unless it comes with a service's certificate.
 */
export function createServer(options: ServerOptions): RpcServer {
  return createBareServer({ ...options, interceptors: serverInterceptors(options) });
}
