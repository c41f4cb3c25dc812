import { fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceCredentials } from '@millrace/interceptors';
import { Context, type Principal } from '@millrace/rpc';
import type { Answers } from './server.ts';

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));
/** With small and few pools, what the process has of the machine is what it keeps, and not what allocators hold ready for the next peak. */
const EXEC_ARGV = [
  '--conditions=source',
  '--expose-gc',
  '--max-semi-space-size=2',
  '--disable-warning=ExperimentalWarning',
];
const ENV = { ...process.env, MALLOC_ARENA_MAX: '1' };

/** A server that does not answer for so long hangs. */
const ANSWER_MS = 10_000;

/** Whom every good token speaks for; may call everything. */
export const CALLER: Principal = {
  subject: 'ada',
  tenant: 'shop',
  roles: ['tester', 'customer', 'importer', 'admin', 'service:order'],
};

/** The server under test, in a process of its own. */
export interface FuzzServer {
  readonly address: string;
  /** A good `authorization`. */
  authorization(): Promise<string>;
  ask<Q extends keyof Answers>(question: Q): Promise<Answers[Q]>;
  /** What it wrote on stderr, and why it ended if it has. */
  readonly complaints: () => string;
  stop(): Promise<void>;
}

async function writeKeys(dir: string): Promise<{ keySetFile: string; keyFile: string }> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const [keySetFile, keyFile] = [join(dir, 'keys.json'), join(dir, 'key.json')];
  const key = { kid: 'order', alg: 'EdDSA', use: 'sig' };
  await writeFile(keySetFile, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), ...key }] }));
  await writeFile(keyFile, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...key }));
  return { keySetFile, keyFile };
}

/** Starts it, with keys of its own in a scratch folder. */
export async function startServer(): Promise<FuzzServer> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-fuzz-'));
  const { keySetFile, keyFile } = await writeKeys(dir);
  const mint = serviceCredentials({ issuer: 'order', keyFile, audience: 'fuzz' });
  const context = new Context({ principal: CALLER });
  const child = fork(SERVER, [keySetFile], {
    execArgv: EXEC_ARGV,
    env: ENV,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (chunk) => (complaints += String(chunk)));
  child.on('exit', (code, signal) => (complaints += `\nthe server ended: ${code ?? signal}`));
  const [port] = (await once(child, 'message')) as [number];
  return {
    address: `127.0.0.1:${port}`,
    authorization: async () => mint(context),
    ask: async <Q extends keyof Answers>(question: Q) => {
      child.send(question);
      const signal = AbortSignal.timeout(ANSWER_MS);
      const [answer] = (await once(child, 'message', { signal })) as [Answers[Q]];
      return answer;
    },
    complaints: () => complaints,
    stop: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(dir, { recursive: true });
    },
  };
}
