/** The services in the order they depend on each other: each calls the one before it. */
export const SERVICES = ['payment', 'order', 'gateway'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** The ports a system listens on. 0 means any free one. */
export interface Ports {
  gatewayHttp: number;
  gatewayGrpc: number;
  order: number;
  payment: number;
  postgres: number;
}

/** What a service's settings are made from. */
export interface Surroundings {
  ports: Omit<Ports, 'postgres'>;
  keysDir: string;
  databaseUrl(name: Database): string;
}

export const DATABASES = ['orders', 'payments', 'bus'] as const;
export type Database = (typeof DATABASES)[number];

const HOST = '127.0.0.1';

/** The environment variables that tell a service where it listens and where the others are. */
export function environmentOf(service: ServiceName, at: Surroundings): Record<string, string> {
  const everywhere = {
    NODE_ENV: 'development',
    OPS_HOST: HOST,
    OPS_PORT: '0',
    GRPC_HOST: HOST,
    KEYS_DIR: at.keysDir,
    SHUTDOWN_GRACE_MS: '5000',
  };
  const bus = at.databaseUrl('bus');
  switch (service) {
    case 'payment':
      return {
        ...everywhere,
        GRPC_PORT: String(at.ports.payment),
        DATABASE_URL: at.databaseUrl('payments'),
        BUS_URL: bus,
      };
    case 'order':
      return {
        ...everywhere,
        GRPC_PORT: String(at.ports.order),
        DATABASE_URL: at.databaseUrl('orders'),
        BUS_URL: bus,
        PAYMENT_ADDRESS: `${HOST}:${at.ports.payment}`,
      };
    case 'gateway':
      return {
        ...everywhere,
        GRPC_PORT: String(at.ports.gatewayGrpc),
        HTTP_HOST: HOST,
        HTTP_PORT: String(at.ports.gatewayHttp),
        ORDER_ADDRESS: `${HOST}:${at.ports.order}`,
      };
  }
}
