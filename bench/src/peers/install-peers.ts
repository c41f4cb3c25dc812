import { execFile } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PEERS = new URL('../../peers/', import.meta.url);
const LOCK = new URL('package-lock.json', PEERS);
const INSTALLED = new URL('node_modules/.package-lock.json', PEERS);
const TEMPLATE = fileURLToPath(new URL('buf.gen.yaml', PEERS));
const PROTOS = new URL('../../../protos/', import.meta.url);
/** Written last. */
const GENERATED = new URL('gen/', PEERS);
/** Without a registry npm would go on trying for many minutes. */
const PATIENCE_MS = 180_000;

const run = promisify(execFile);

/** No package's scripts are run. */
const NPM = ['ci', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', '--fetch-retries=1'];

function isFresh(): boolean {
  if (!existsSync(INSTALLED) || !existsSync(GENERATED)) return false;
  return statSync(INSTALLED).mtimeMs >= statSync(LOCK).mtimeMs;
}

/** Installs the peers with their own lockfile and generates their code from the kit's protos, unless that is done. Says why it cannot. */
export async function installPeers(progress: (text: string) => void): Promise<string | undefined> {
  if (isFresh()) return undefined;
  progress('  installing the peers, once: npm ci in bench/peers');
  const limit = { timeout: PATIENCE_MS };
  try {
    rmSync(GENERATED, { recursive: true, force: true });
    await run('npm', NPM, { cwd: fileURLToPath(PEERS), ...limit });
    await run('buf', ['generate', '--template', TEMPLATE, '--path', 'shop/order/v1'], {
      cwd: fileURLToPath(PROTOS),
      ...limit,
    });
    return undefined;
  } catch (error) {
    // After what the command was.
    const [command = '', why = command] = (error as Error).message.split('\n');
    return `they cannot be installed: ${why}`;
  }
}
