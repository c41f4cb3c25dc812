import type { Service } from '@millrace/contracts';
import { createBareServer, type Interceptor, type Next, type ServerTls } from '@millrace/rpc';
import { toListenError } from '@millrace/runtime';
import { passThrough } from './pass-through.ts';

export interface GrpcServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly services: readonly Service[];
  readonly interceptors: readonly Interceptor[];
  /** The service behind. */
  readonly forward: Next;
  /** Whether it tells anyone its protos. */
  readonly reflection: boolean;
  readonly tls?: ServerTls;
}

export interface GrpcServer {
  /** @throws ListenError */
  listen(): Promise<{ port: number }>;
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Serves every method of the services behind us by gRPC. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { host, port, services, forward, ...rest } = options;
  const server = createBareServer({
    services: services.map((service) => passThrough(service, forward)),
    ...rest,
  });
  return {
    listen: () =>
      server.listen({ host, port }).catch((error: unknown) => {
        throw toListenError(error, { host, port, setting: 'GRPC_PORT' });
      }),
    close: (grace) => server.close(grace),
  };
}
