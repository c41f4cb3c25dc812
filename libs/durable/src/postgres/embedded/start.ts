import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { installBinaries } from './binaries.ts';
import type { DataFolder } from './data-folder.ts';
import { prepareDataFolder } from './data-folder.ts';
import { EmbeddedPostgresFailed } from './failed.ts';
import { launch } from './launch.ts';
import type { Postmaster } from './postmaster.ts';
import { isAlive, runningPostmaster, stopPostmaster } from './postmaster.ts';
import { connectWhenReady, createDatabases, serverUrl } from './server-connection.ts';

export interface EmbeddedPostgresOptions {
  /** Made when missing, kept between runs. A server left behind on it by a process that died is adopted. */
  dataDir: string;
  /** Created when missing. */
  databases: readonly string[];
  /** On the loopback address. Default 0: a free one. */
  port?: number;
  /** PostgreSQL settings, for example `{ max_connections: '50' }`. Not looked at when a server is adopted. */
  settings?: Record<string, string>;
}

export interface EmbeddedPostgres {
  url(database: string): string;
  pid: number;
  port: number;
  /** Fast shutdown; resolves when the server is gone, and the data too if so wished. */
  stop(options?: { removeData?: boolean }): Promise<void>;
}

const startLimitMs = 30_000;
const addressInUse = /Address already in use/;
/** Another start was quicker, or a killed server's children have not noticed yet. */
const passing = /Address already in use|lock file|shared memory/;

/** Throws EmbeddedPostgresFailed, with the server's last words when it has any. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = await installBinaries();
  const folder = await prepareDataFolder(options.dataDir, binaries);
  const { pid, port } = await serve(folder, binaries, options);
  const onExit = (): void => {
    if (isAlive(pid)) process.kill(pid, 'SIGINT');
  };
  process.once('exit', onExit);
  return {
    url: (database) => serverUrl(port, folder.password, database),
    pid,
    port,
    stop: async ({ removeData = false } = {}) => {
      await stopPostmaster(pid);
      process.removeListener('exit', onExit);
      if (!removeData) return;
      const paths = [folder.path, `${folder.path}.home`, options.dataDir];
      for (const path of paths) await rm(path, { recursive: true, force: true });
    },
  };
}

/** Adopts or launches, and again while a killed server's children still hold its memory or somebody takes the port. */
async function serve(
  folder: DataFolder,
  binaries: Binaries,
  options: EmbeddedPostgresOptions,
): Promise<Postmaster> {
  const until = performance.now() + startLimitMs;
  let lastWords = 'no answer';
  while (performance.now() < until) {
    const found = await runningPostmaster(folder.path);
    const fits = found !== undefined && (!options.port || options.port === found.port);
    if (fits && (await isReady({ folder, databases: options.databases, until, ...found }))) return found;
    if (found !== undefined) await stopPostmaster(found.pid);
    const launched = await launch(folder.path, binaries.postgres, options);
    const server = { pid: launched.pid, port: launched.port };
    if (await isReady({ folder, databases: options.databases, until, ...server })) {
      launched.letGo();
      return server;
    }
    lastWords = await launched.lastWords();
    if (!passing.test(lastWords) || (options.port && addressInUse.test(lastWords))) break;
    await delay(50);
  }
  throw new EmbeddedPostgresFailed(`PostgreSQL did not start on ${options.dataDir}: ${lastWords}`);
}

interface Candidate extends Postmaster {
  folder: DataFolder;
  databases: readonly string[];
  until: number;
}

async function isReady({ folder, pid, port, databases, until }: Candidate): Promise<boolean> {
  const giveUp = (): boolean => !isAlive(pid) || performance.now() > until;
  const url = serverUrl(port, folder.password, 'postgres');
  const client = await connectWhenReady({ url, folder: folder.path, giveUp });
  if (client === undefined) return false;
  try {
    await createDatabases(client, databases);
    return true;
  } finally {
    await client.end();
  }
}
