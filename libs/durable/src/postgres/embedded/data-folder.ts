import { randomBytes, createHash } from 'node:crypto';
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  rmdir,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { serverAccount } from './account.ts';
import type { Binaries } from './binaries.ts';
import { exists, publish } from './binaries.ts';
import { run } from './run.ts';

/** Where PostgreSQL keeps a data folder, and the superuser's password for it. */
export interface DataFolder {
  path: string;
  password: string;
}

const passwordFile = 'millrace.password';

/** Makes the data folder unless it is there. A new one is a copy of a template, which is quicker than initdb. */
export async function prepareDataFolder(dataDir: string, binaries: Binaries): Promise<DataFolder> {
  const wanted = resolve(dataDir);
  await mkdir(dirname(wanted), { recursive: true });
  const path = await reachable(wanted);
  if (!(await exists(join(path, passwordFile)))) {
    const partial = `${path}.${process.pid}.partial`;
    await rm(partial, { recursive: true, force: true });
    await run('cp', ['-a', await template(binaries), partial]);
    await run(binaries.initdb, ['-D', partial, '--sync-only'], serverAccount());
    await removeEmpty(path);
    await publish(partial, path);
  }
  return { path, password: await readFile(join(path, passwordFile), 'utf8') };
}

/**
 * The server's account cannot enter a folder below, say, /root. The data then lies in /var/tmp and a link leads there.
 * A link that is gone means that somebody removed the data.
 */
async function reachable(wanted: string): Promise<string> {
  const { uid } = serverAccount();
  if (uid === undefined || (await mayEnter(dirname(wanted), uid))) {
    return wanted;
  }
  const elsewhere = join(
    '/var/tmp',
    `millrace-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`,
  );
  const isLink = await lstat(wanted).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
  if (!isLink) {
    await rm(elsewhere, { recursive: true, force: true });
    await removeEmpty(wanted);
    await symlink(elsewhere, wanted);
  }
  return elsewhere;
}

async function mayEnter(folder: string, uid: number): Promise<boolean> {
  const found = await stat(folder);
  const bit = found.uid === uid ? 0o100 : 0o001;
  if ((found.mode & bit) === 0) return false;
  return dirname(folder) === folder || mayEnter(dirname(folder), uid);
}

/** A caller may have made an empty folder; one with anything in it is not ours to replace. */
async function removeEmpty(path: string): Promise<void> {
  if (!(await exists(path))) return;
  await rmdir(path);
}

async function template({ cache, initdb }: Binaries): Promise<string> {
  const ready = join(cache, 'template');
  if (await exists(ready)) return ready;
  const account = serverAccount();
  const work = await mkdtemp(`${ready}.`);
  if (account.uid !== undefined) await chown(work, account.uid, account.uid);
  const data = join(work, 'data');
  const password = randomBytes(24).toString('base64url');
  const secret = join(work, passwordFile);
  await writeFile(secret, password, { mode: 0o600 });
  if (account.uid !== undefined) await chown(secret, account.uid, account.uid);
  // A password of 192 random bits needs no key stretching, and every connection would pay for it.
  const login = ['-U', 'postgres', `--pwfile=${secret}`, '-A', 'scram-sha-256', '-c', 'scram_iterations=1'];
  const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--encoding=UTF8'];
  await run(initdb, ['-D', data, '--no-sync', '--no-instructions', ...login, ...locale], account);
  await run('cp', ['-p', secret, data]);
  await publish(data, ready);
  await rm(work, { recursive: true, force: true });
  return ready;
}
