import { toListenError } from './listen-error.ts';
import type { OpsServer } from './ops-server.ts';

interface Doors {
  readonly ops: OpsServer;
  readonly server: { listen(address: { host: string; port: number }): Promise<{ port: number }> };
  readonly host: string;
  /** As GRPC_PORT says; 0 takes a free one. */
  readonly port: number;
}

/** Lets a service's callers in, and says so at its readiness page. Resolves with where it listens. Throws ListenError. */
export async function openDoors({ ops, server, host, port }: Doors): Promise<Record<string, string>> {
  const opsAddress = await ops.listen();
  const grpc = await server.listen({ host, port }).catch((error: unknown) => {
    throw toListenError(error, { host, port, setting: 'GRPC_PORT' });
  });
  ops.setReady(true);
  return { grpc: `${host}:${grpc.port}`, ops: `http://${opsAddress.host}:${opsAddress.port}` };
}
