import { createVerifier } from '@millrace/interceptors';
import { clientTls, createClosers, createLogger, createOpsServer, serverTls } from '@millrace/runtime';
import type { App, Logger } from '@millrace/runtime';
import type { GatewayConfig } from './config.ts';
import { createGrpcServer } from './grpc/grpc-server.ts';
import type { StreamTimes } from './http/handle-request.ts';
import { createHttpServer } from './http/http-server.ts';
import { createRouteTable } from './http/transcode/route-table.ts';
import { findKeys } from './keys.ts';
import { createOrderUpstream } from './order-upstream.ts';
import { createPublicChain } from './public-chain.ts';
import { createForward } from './upstreams.ts';

/** What tests and main.ts put in place of the ordinary. */
export interface GatewayOverrides {
  readonly logger?: Logger;
  /** The page at /metrics. */
  readonly metricsText?: () => Promise<string>;
  readonly times?: StreamTimes;
}

/** What is left of the grace time when calls are cut off, for their last answers to leave. */
const FAREWELL_MS = 1_000;

/** The gateway, put together. Another service behind it is another entry in `upstreams`. */
export function createGatewayApp(config: GatewayConfig, overrides: GatewayOverrides = {}): App {
  const { logger = createLogger({ service: 'gateway', level: config.LOG_LEVEL }), times = {} } = overrides;
  const { keySetFile, signingKeyFile } = findKeys(config.KEYS_DIR);
  const order = { address: config.ORDER_ADDRESS, signingKeyFile, logger, ...clientTls(config, logger) };
  const upstreams = [createOrderUpstream(order)];
  const services = upstreams.flatMap((upstream) => upstream.services).map(config.POLICIES.applyTo);
  const forward = createForward(upstreams);
  const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config;
  const authenticate = createVerifier({ keySetFile, issuers: [issuer], audience, logger });
  const chain = createPublicChain({ logger, authenticate, services, forward });

  let isReady = false;
  const { metricsText } = overrides;
  const http = createHttpServer({
    ...{ host: config.HTTP_HOST, port: config.HTTP_PORT, logger, times },
    table: createRouteTable(services),
    chain: (decode) => chain.over(decode),
    isReady: () => isReady,
  });
  const grpc = createGrpcServer({
    ...{ host: config.GRPC_HOST, port: config.GRPC_PORT, services, forward },
    interceptors: chain.interceptors,
    ...{ reflection: config.NODE_ENV !== 'production', ...serverTls(config, logger) },
  });
  const ops = createOpsServer({
    ...{ host: config.OPS_HOST, port: config.OPS_PORT },
    pages: { '/policies': config.POLICIES.print },
    ...(metricsText && { metricsText }),
  });

  const graceMs = Math.max(0, config.SHUTDOWN_GRACE_MS - FAREWELL_MS);
  const closers = createClosers(logger);
  const setReady = (ready: boolean) => ops.setReady((isReady = ready));
  closers.add('upstreams', () => Promise.all(upstreams.map((upstream) => upstream.close())));
  closers.add('ops', () => ops.close());
  closers.add('servers', () => Promise.all([http.close({ graceMs }), grpc.close({ graceMs })]));
  closers.add('readiness', () => setReady(false));
  return {
    async start() {
      const at = {
        ops: `http://${config.OPS_HOST}:${(await ops.listen()).port}`,
        http: `http://${config.HTTP_HOST}:${(await http.listen()).port}`,
        grpc: `${config.GRPC_HOST}:${(await grpc.listen()).port}`,
      };
      setReady(true);
      return at;
    },
    stop: () => closers.close(),
  };
}
