import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface Postmaster {
  pid: number;
  port: number;
}

/** The server that runs on this data folder, from its postmaster.pid; undefined when that is stale. */
export async function runningPostmaster(folder: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!(pid > 0) || !(port > 0) || !isAlive(pid) || !(await isPostgres(pid))) return undefined;
  return { pid, port };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** SIGINT: PostgreSQL's fast shutdown. SIGQUIT when that takes too long; the write-ahead log makes up for it. */
export async function stopPostmaster(pid: number, fastMs = 10_000): Promise<void> {
  signal(pid, 'SIGINT');
  if (await goneWithin(pid, fastMs)) return;
  signal(pid, 'SIGQUIT');
  if (await goneWithin(pid, 5_000)) return;
  signal(pid, 'SIGKILL');
  await goneWithin(pid, 5_000);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime, which is what was wanted.
  }
}

async function goneWithin(pid: number, limitMs: number): Promise<boolean> {
  for (const until = performance.now() + limitMs; performance.now() < until; await delay(10)) {
    if (!isAlive(pid) || (await isZombie(pid))) return true;
  }
  return false;
}

/** A number can be given to another program after a crash. Where there is no /proc, the connection attempt decides. */
async function isPostgres(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return command === undefined ? process.platform !== 'linux' : command.includes('postgres');
}

/** Orphans stay as zombies where process 1 does not collect them, in containers for example. */
async function isZombie(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return /^\d+ \(.*\) [ZX]/.test(status);
}
