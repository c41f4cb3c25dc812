import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

interface Ready {
  readonly type: 'ready';
  readonly addresses: Readonly<Record<string, string>>;
}

/** Payments as a process of its own. Rejects with what it printed when it ends before it is ready. */
export async function spawnPayment(environment: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--disable-warning=ExperimentalWarning', MAIN],
    {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    },
  );
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const ready = once(child, 'message') as Promise<[Ready]>;
  const early = ended.then((code) => {
    throw new Error(`ended with ${code}: ${printed}`);
  });
  early.catch(() => undefined);
  const [{ addresses }] = await Promise.race([ready, early]);
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return { grpc: addresses['grpc'] ?? '', kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}
