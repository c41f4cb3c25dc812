import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where demos keep what they make; nothing in it outlives the next demo. */
export const DEMO_DIR = fileURLToPath(new URL('../../../.millrace/demo/', import.meta.url));

const RUN = /^run-(\d+)$/;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A demo that was killed may have left its database server running. */
async function stopLeftover(dataDir: string): Promise<void> {
  const [pid] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')).split(
    '\n',
  );
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (command.includes('postgres')) process.kill(Number(pid), 'SIGQUIT');
}

/** A fresh folder for this run. Those of runs that are over go; a demo that runs beside this one keeps its own. */
export async function makeScratch(): Promise<string> {
  await mkdir(DEMO_DIR, { recursive: true });
  for (const name of await readdir(DEMO_DIR)) {
    const pid = RUN.exec(name)?.[1];
    if (pid === undefined || (isAlive(Number(pid)) && Number(pid) !== process.pid)) continue;
    await stopLeftover(join(DEMO_DIR, name));
    await rm(join(DEMO_DIR, name), { recursive: true, force: true });
  }
  const scratch = join(DEMO_DIR, `run-${process.pid}`);
  await mkdir(scratch);
  return scratch;
}
