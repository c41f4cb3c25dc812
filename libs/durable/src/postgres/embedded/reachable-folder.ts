import { createHash } from 'node:crypto';
import { readFile, readdir, readlink, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { serverAccount } from './account.ts';
import { exists } from './binaries.ts';
import { runningPostmaster } from './postmaster.ts';

const place = '/var/tmp';
const prefix = 'millrace-data-';

/**
 * Where the data can really lie. Root's server account cannot enter a folder below, say, /root; its data then lies in
 * /var/tmp and a link leads there. A link that is gone means that somebody removed the data.
 */
export async function reachableFolder(wanted: string): Promise<string> {
  const { uid } = serverAccount();
  if (uid === undefined || (await mayEnter(dirname(wanted), uid))) return wanted;
  await removeOrphans();
  const name = `${prefix}${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`;
  const elsewhere = join(place, name);
  if (!(await leadsTo(wanted, elsewhere))) {
    await rm(elsewhere, { recursive: true, force: true });
    await removeEmpty(wanted);
    await symlink(elsewhere, wanted);
    await writeFile(`${elsewhere}.home`, wanted, { mode: 0o600 });
  }
  return elsewhere;
}

/** A caller may have made an empty folder, or a link may lead nowhere; anything else is not ours to replace. */
export async function removeEmpty(path: string): Promise<void> {
  if (await exists(path)) await rmdir(path);
  else await rm(path, { force: true });
}

async function mayEnter(folder: string, uid: number): Promise<boolean> {
  const found = await stat(folder);
  const bit = found.uid === uid ? 0o100 : 0o001;
  if ((found.mode & bit) === 0) return false;
  return dirname(folder) === folder || mayEnter(dirname(folder), uid);
}

async function leadsTo(link: string, target: string): Promise<boolean> {
  return (await readlink(link).catch(() => undefined)) === target;
}

/** Removes data whose link is gone, for example of scratch folders. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(place)) {
    if (!name.startsWith(prefix) || !name.endsWith('.home')) continue;
    const data = join(place, name.slice(0, -'.home'.length));
    const home = await readFile(join(place, name), 'utf8').catch(() => undefined);
    if (home === undefined || (await leadsTo(home, data)) || (await runningPostmaster(data))) continue;
    for (const path of [data, join(place, name)]) await rm(path, { recursive: true, force: true });
  }
}
