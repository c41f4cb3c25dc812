import type { Handling } from './sides/traffic.ts';
import type { VariantName } from './sides/variants.ts';
import type { OpenPair } from './with-pairs.ts';

const SERVER = new URL('sides/server.ts', import.meta.url);
const CLIENT = new URL('sides/client.ts', import.meta.url);

/** A server of this repository on core 0, its client on core 1. */
export function openPair(variant: VariantName, handling: Handling = 'instant'): OpenPair {
  return async (start) => {
    const server = start(SERVER, { core: 0, args: [variant, handling] });
    const port = await server.ask<number>('port');
    return { servers: [server], client: start(CLIENT, { core: 1, args: [variant, String(port)] }) };
  };
}
