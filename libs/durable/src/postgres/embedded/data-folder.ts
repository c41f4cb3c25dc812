import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { serverAccount } from './account.ts';
import type { Binaries } from './binaries.ts';
import { exists, publish } from './binaries.ts';
import { reachableFolder, removeEmpty } from './reachable-folder.ts';
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
  const path = await reachableFolder(wanted);
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
