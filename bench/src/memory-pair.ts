import type { Handling } from './sides/traffic.ts';
import type { VariantName } from './sides/variants.ts';
import type { OpenPair } from './with-pairs.ts';

const SERVER = new URL('sides/server.ts', import.meta.url);
const CLIENT = new URL('sides/memory-client.ts', import.meta.url);
const nodeArgs = ['--expose-gc'];

/** A server and a client that say what they hold on to. */
export function openMemoryPair(variant: VariantName, handling: Handling): OpenPair {
  return async (start) => {
    const server = start(SERVER, { core: 0, args: [variant, handling], nodeArgs });
    const port = await server.ask<number>('port');
    return { servers: [server], client: start(CLIENT, { core: 1, args: [String(port)], nodeArgs }) };
  };
}
