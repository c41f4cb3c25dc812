import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ServiceDied } from './service-died.ts';
import type { ServiceName } from './services.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Compiled code is kept between starts: a service is up in half the time. */
const COMPILE_CACHE = join(ROOT, '.millrace/compile-cache');
const START_TIMEOUT_MS = 30_000;
const KEPT_LINES = 20;

export interface ServiceProcessOptions {
  name: ServiceName;
  /** Added to this process's own environment. */
  env: Record<string, string>;
  /** Default: the service's main, from the repository's root. */
  main?: string;
  onLog(line: string): void;
  /** It was running and ended although nobody asked it to. */
  onDeath(death: ServiceDied): void;
  /** From the request to stop until it is killed. Default 8,000. */
  stopTimeoutMs?: number;
}

/** One service as a process of its own. */
export interface ServiceProcess {
  /** Resolves when it serves, with its addresses by name. Throws ServiceDied. */
  readonly ready: Promise<Record<string, string>>;
  /** SIGKILL: nothing of it runs on. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that takes too long. */
  stop(): Promise<void>;
}

/** Starts a service from its sources. Its IPC channel tells us when it is ready, and tells it when we are gone. */
export function startServiceProcess(options: ServiceProcessOptions): ServiceProcess {
  const { name, env, onLog, onDeath, stopTimeoutMs = 8_000 } = options;
  const { main = `services/${name}/src/main.ts` } = options;
  const lines: string[] = [];
  const child = spawn(process.execPath, ['--conditions=source', main], {
    cwd: ROOT,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: a terminal's Ctrl-C is for the launcher alone, which then stops the services in order.
    detached: true,
  });
  const log = (line: string) => {
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    onLog(line);
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) readLines(stream, log);

  let wanted = true;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const ready = untilReady(child, ended, (how) => new ServiceDied(name, how, lines));
  void ended.then(async (how) => {
    const wasReady = await ready.then(
      () => true,
      () => false,
    );
    if (wanted && wasReady) onDeath(new ServiceDied(name, how, lines));
  });

  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    wanted = false;
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
  };
  return { ready, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', onLine);
}

function untilReady(
  child: ChildProcess,
  ended: Promise<string>,
  died: (how: string) => ServiceDied,
): Promise<Record<string, string>> {
  const ready = new Promise<Record<string, string>>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(died(`not ready within ${START_TIMEOUT_MS / 1000} s`));
    }, START_TIMEOUT_MS);
    child.on('message', (message: { type?: unknown; addresses?: Record<string, string> }) => {
      if (message.type !== 'ready') return;
      clearTimeout(timer);
      resolve(message.addresses ?? {});
    });
    void ended.then((how) => {
      clearTimeout(timer);
      reject(died(how));
    });
  });
  ready.catch(() => undefined);
  return ready;
}
