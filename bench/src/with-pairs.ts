import type { Pairs } from './compare.ts';
import { startPinned, type PinnedOptions, type PinnedProcess } from './pinned-process.ts';
import { startPinnedProgram } from './pinned-program.ts';
import type { Pair } from './sample.ts';
import { createSetup } from './setup.ts';

/** Starts a process that is stopped when the work is done: a script of Node's, or a program. */
export type Start = (file: URL, options: PinnedOptions) => PinnedProcess;

/** Starts a client and its servers. */
export type OpenPair = (start: Start) => Promise<Pair>;

/** Opens the named pairs, all at once, each in processes of its own: idle ones cost nothing. Stops them after the work. */
export async function withPairs<N extends string, T>(
  open: Readonly<Record<N, OpenPair>>,
  work: (pairs: Pairs<N>) => Promise<T>,
): Promise<T> {
  const { env, close } = await createSetup();
  const started: PinnedProcess[] = [];
  const start: Start = (file, options) => {
    const begin = file.pathname.endsWith('.ts') ? startPinned : startPinnedProgram;
    const one = begin(file, { ...options, env: { ...env, ...options.env } });
    started.push(one);
    return one;
  };
  try {
    const pairs = await Promise.all(
      Object.entries<OpenPair>(open).map(async ([name, begin]) => [name, await begin(start)] as const),
    );
    return await work(Object.fromEntries(pairs) as Record<N, Pair>);
  } finally {
    await Promise.all(started.map((one) => one.stop()));
    close();
  }
}
