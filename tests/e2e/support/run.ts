import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A program that ran to its end. */
export interface Ran {
  status: number | null;
  /** What it wrote, both streams as they came. */
  output: string;
}

export interface Running {
  /** Resolves when the output so far has this in it. Rejects when it ends without. */
  said(what: string | RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ran>;
}

/** Starts one of the tools from its sources, as make does. */
export function runTool(main: string, env: Record<string, string>): Running {
  const child = spawn(process.execPath, ['--conditions=source', main], {
    cwd: ROOT,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let wake: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      wake();
    });
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (status) => {
      resolve({ status, output });
      wake();
    });
  });
  return {
    ended,
    signal: (name) => void child.kill(name),
    async said(what) {
      const found = () => (typeof what === 'string' ? output.includes(what) : what.test(output));
      while (!found()) {
        if (child.exitCode !== null)
          throw new Error(`it ended (${child.exitCode}) without ${what}:\n${output}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
