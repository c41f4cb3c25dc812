import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { whyUnpinned, type PinnedOptions, type PinnedProcess } from './pinned-process.ts';

/** `drive inFlight=64 durationMs=1000`: what a program without a JSON parser reads. */
function lineOf(question: string, input: unknown = {}): string {
  const fields = Object.entries(input as Record<string, unknown>);
  const numbers = fields.filter(([, value]) => typeof value === 'number');
  return [question, ...numbers.map(([name, value]) => `${name}=${value}`)].join(' ');
}

/** Starts a program on one core that is no script of Node's: it reads a line for each question and answers with one of JSON. */
export function startPinnedProgram(file: URL, { core, args = [] }: PinnedOptions): PinnedProcess {
  const path = fileURLToPath(file);
  const command = [...(whyUnpinned() ? [] : ['taskset', '--cpu-list', String(core)]), path, ...args];
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: PromiseWithResolvers<unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  child.once('exit', (code) => {
    for (const asked of waiting) asked.reject(new Error(`${path} ended with ${code}`));
  });
  return {
    ask: (question, input) => {
      const asked = Promise.withResolvers<unknown>();
      waiting.push(asked);
      child.stdin.write(`${lineOf(question, input)}\n`);
      return asked.promise as Promise<never>;
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}
