import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { serverAccount } from './account.ts';

interface Launched {
  pid: number;
  port: number;
  /** Lets this process end while the server runs. */
  letGo(): void;
  /** What its log says of the failure, after it exited. */
  lastWords(): Promise<string>;
}

/** Durability stays on; what is off has no use on a laptop or in a test. */
const defaults: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
  io_method: 'sync',
  max_parallel_workers_per_gather: '0',
  autovacuum_naptime: '5s',
  max_wal_senders: '0',
  wal_level: 'minimal',
};

/** Starts the server in a process group of its own, so that Ctrl-C reaches our services first. */
export async function launch(
  folder: string,
  postgres: string,
  options: { port?: number; settings?: Record<string, string> },
): Promise<Launched> {
  const port = options.port || (await freePort());
  const settings = { ...defaults, ...options.settings, port: String(port) };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logFile = join(folder, 'millrace.log');
  const log = await open(logFile, 'w', 0o600);
  const child = spawn(postgres, ['-D', folder, ...args], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    ...serverAccount(),
  });
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  await once(child, 'spawn');
  await log.close();
  return {
    pid: child.pid ?? 0,
    port,
    letGo: () => child.unref(),
    lastWords: async () => {
      await exited;
      const lines = (await readFile(logFile, 'utf8')).trim().split('\n');
      const telling = lines.filter((line) => /could not|HINT|FATAL|PANIC/.test(line));
      return telling.map((line) => line.replace(/^.*?\] /, '')).join(' ');
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
