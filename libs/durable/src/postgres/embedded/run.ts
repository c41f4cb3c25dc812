import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Account } from './account.ts';
import { EmbeddedPostgresFailed } from './failed.ts';

const execute = promisify(execFile);

/** Runs a program to its end, as `account` if given; a failure carries what it printed. */
export async function run(file: string, args: readonly string[], account?: Account): Promise<void> {
  try {
    await execute(file, args, { cwd: '/', ...account });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new EmbeddedPostgresFailed(`${file} failed: ${stderr.trim()}`, error);
  }
}
