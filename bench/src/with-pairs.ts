import type { Pair, Pairs } from './compare.ts';
import { startPinned, type PinnedProcess } from './pinned-process.ts';
import { createSetup } from './setup.ts';

const SERVER = new URL('sides/server.ts', import.meta.url);
const CLIENT = new URL('sides/client.ts', import.meta.url);

/** Servers on core 0, clients on core 1: bare grpc-js and the kit with its whole chain, in processes of their own. Idle ones cost nothing. */
export async function withPairs<T>(work: (pairs: Pairs) => Promise<T>): Promise<T> {
  const { env, close } = await createSetup();
  const started: PinnedProcess[] = [];
  const start = (file: URL, core: number, args: readonly string[]): PinnedProcess => {
    const one = startPinned(file, { core, args, env });
    started.push(one);
    return one;
  };
  const open = async (variant: string): Promise<Pair> => {
    const server = start(SERVER, 0, [variant]);
    const port = await server.ask<number>('port');
    return { server, client: start(CLIENT, 1, [variant, String(port)]) };
  };
  try {
    return await work({ bare: await open('bare'), full: await open('full') });
  } finally {
    await Promise.all(started.map((one) => one.stop()));
    close();
  }
}
