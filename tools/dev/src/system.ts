import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@millrace/durable/embedded';
import { createDevKeys } from '@millrace/gateway/dev-keys';
import { issueDevToken } from '@millrace/gateway/issue-token';
import { freePort } from './free-port.ts';
import { createServiceFleet } from './service-fleet.ts';
import type { ServiceDied } from './service-died.ts';
import { DATABASES, type Database, type Ports, type ServiceName, type Surroundings } from './services.ts';

export { ServiceDied } from './service-died.ts';
export { SERVICES, type Database, type Ports, type ServiceName } from './services.ts';

export interface SystemOptions {
  /** Where the database and the development keys live. Made when missing. */
  dataDir: string;
  /** The data goes when the system stops. Default false. */
  temporary?: boolean;
  /** Default: free ones. A service keeps its port over restarts. */
  ports?: Partial<Ports>;
  /** For every service, on top of this process's own environment. */
  env?: Record<string, string>;
  /** Each line a service writes. */
  onLog?: (service: ServiceName, line: string) => void;
  /** A service ended by itself after it was ready. Default: its error is written to standard error. */
  onDeath?: (death: ServiceDied) => void;
}

/** Everything running: PostgreSQL and one process a service. */
export interface System {
  readonly addresses: { http: string; grpc: string; order: string; payment: string };
  /** Holds the development issuer's keys. */
  readonly keysDir: string;
  databaseUrl(name: Database): string;
  /** A token as the development issuer gives it, valid an hour. */
  token(subject: string, role: 'customer' | 'importer' | 'admin'): Promise<string>;
  /** Ends a service with SIGKILL. */
  kill(name: ServiceName): Promise<void>;
  /** Starts a service anew on the port it had; one that still runs is stopped first. Throws ServiceDied. */
  restart(name: ServiceName): Promise<void>;
  /** Stops gateway, order, payment and the database, in this order. */
  stop(): Promise<void>;
}

/** Starts the whole system on this machine and resolves when every service is ready. Throws ServiceDied. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const {
    dataDir,
    temporary = false,
    env = {},
    onLog = () => undefined,
    onDeath = (death) => console.error(death.message),
  } = options;
  const keysDir = join(dataDir, 'keys');
  const ports = await choosePorts(options.ports);
  await createDevKeys(keysDir);
  const postgres = await startEmbeddedPostgres({
    dataDir: join(dataDir, 'postgres'),
    databases: [...DATABASES],
    port: options.ports?.postgres ?? 0,
  });
  const at: Surroundings = { ports, keysDir, databaseUrl: (name) => postgres.url(name) };
  const services = createServiceFleet({ at, env, onLog, onDeath });
  const stop = async (): Promise<void> => {
    await services.stopAll();
    await postgres.stop({ removeData: temporary });
    if (temporary) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await services.startAll();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: addressesOf(ports),
    keysDir,
    databaseUrl: at.databaseUrl,
    token: (subject, role) => issueDevToken({ keysDir, subject, roles: [role] }),
    kill: services.kill,
    restart: services.restart,
    stop: once(stop),
  };
}

async function choosePorts(wanted: Partial<Ports> = {}): Promise<Surroundings['ports']> {
  const port = async (given: number | undefined) => given || (await freePort());
  return {
    gatewayHttp: await port(wanted.gatewayHttp),
    gatewayGrpc: await port(wanted.gatewayGrpc),
    order: await port(wanted.order),
    payment: await port(wanted.payment),
  };
}

function addressesOf(ports: Surroundings['ports']): System['addresses'] {
  return {
    http: `http://127.0.0.1:${ports.gatewayHttp}`,
    grpc: `127.0.0.1:${ports.gatewayGrpc}`,
    order: `127.0.0.1:${ports.order}`,
    payment: `127.0.0.1:${ports.payment}`,
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}
