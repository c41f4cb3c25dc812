import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** A process that answers questions. */
export interface PinnedProcess {
  /** Asks what `answer` in the process is told to answer. Rejects when that fails or the process ends. */
  ask<T>(question: string, input?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** What a process is started with. */
export interface PinnedOptions {
  /** The core it stays on. Without `taskset`, or with fewer cores, it goes where the system puts it. */
  readonly core: number;
  readonly args?: readonly string[];
  /** What Node itself is told. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** An answer, by the number of its question. */
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Why processes cannot be pinned here; undefined when they can. */
export function whyUnpinned(): string | undefined {
  if (availableParallelism() < 2) return 'the machine has one core';
  return spawnSync('taskset', ['--version']).error ? 'there is no taskset' : undefined;
}

function start(file: URL, { core, args = [], nodeArgs = [], env = {} }: PinnedOptions): ChildProcess {
  const child = fork(fileURLToPath(file), [...args], {
    execArgv: ['--conditions=source', ...nodeArgs, ...(process.env['BENCH_NODE_ARGS']?.split(' ') ?? [])],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Takes NaN and Infinity along.
    serialization: 'advanced',
  });
  if (!whyUnpinned())
    spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(child.pid)]);
  return child;
}

/** Starts a process that runs `file` on one core. Stop it at the end. */
export function startPinned(file: URL, options: PinnedOptions): PinnedProcess {
  const child = start(file, options);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let count = 0;
  child.on('message', ({ id, result, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  });
  child.once('exit', (code) => {
    for (const asked of waiting.values()) asked.reject(new Error(`${file.pathname} ended with ${code}`));
  });
  return {
    ask: (question, input) => {
      const id = ++count;
      const asked = Promise.withResolvers<unknown>();
      waiting.set(id, asked);
      child.send({ id, question, input });
      return asked.promise as Promise<never>;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
