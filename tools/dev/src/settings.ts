import { fileURLToPath } from 'node:url';
import { loadConfig, path, port } from '@millrace/runtime';
import { z } from 'zod';
import type { Ports } from './services.ts';

const DATA_DIR = fileURLToPath(new URL('../../../.millrace/dev', import.meta.url));

const schema = z.object({
  GATEWAY_HTTP_PORT: port(8080),
  GATEWAY_GRPC_PORT: port(8081),
  ORDER_GRPC_PORT: port(50051),
  PAYMENT_GRPC_PORT: port(50052),
  POSTGRES_PORT: port(0),
  DATA_DIR: path(DATA_DIR),
});

/** The environment variable of each port of `make dev`. */
export const PORT_SETTINGS: Readonly<Record<keyof Ports, string>> = {
  gatewayHttp: 'GATEWAY_HTTP_PORT',
  gatewayGrpc: 'GATEWAY_GRPC_PORT',
  order: 'ORDER_GRPC_PORT',
  payment: 'PAYMENT_GRPC_PORT',
  postgres: 'POSTGRES_PORT',
};

/** What `make dev` is told by environment variables. Throws ConfigError. */
export function readSettings(env: NodeJS.ProcessEnv): { ports: Ports; dataDir: string } {
  const config = loadConfig(schema, env);
  return {
    dataDir: config.DATA_DIR,
    ports: {
      gatewayHttp: config.GATEWAY_HTTP_PORT,
      gatewayGrpc: config.GATEWAY_GRPC_PORT,
      order: config.ORDER_GRPC_PORT,
      payment: config.PAYMENT_GRPC_PORT,
      postgres: config.POSTGRES_PORT,
    },
  };
}
