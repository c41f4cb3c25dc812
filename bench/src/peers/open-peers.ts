import type { OpenPair } from '../with-pairs.ts';
import { buildCpp, CPP } from './build-cpp.ts';
import { installPeers } from './install-peers.ts';

const SERVER = new URL('../../peers/src/server.ts', import.meta.url);
const CLIENT = new URL('../../peers/src/client.ts', import.meta.url);

/** The peers that run on Node, as bench/peers names them. */
export const NODE_PEERS = ['nice-grpc', 'connect-node', 'nestjs'] as const;

function openNodePeer(name: string): OpenPair {
  return async (start) => {
    const server = start(SERVER, { core: 0, args: [name] });
    const port = await server.ask<number>('port');
    return { servers: [server], client: start(CLIENT, { core: 1, args: [name, String(port)] }) };
  };
}

const openCpp: OpenPair = async (start) => {
  const server = start(new URL('server', CPP), { core: 0 });
  const port = await server.ask<number>('port');
  return { servers: [server], client: start(new URL('client', CPP), { core: 1, args: [String(port)] }) };
};

/** Those of the peers that can be had on this machine, by name; of the others it is said why not. */
export async function openPeers(
  progress: (text: string) => void,
): Promise<Readonly<Record<string, OpenPair>>> {
  const whyNoPeers = await installPeers(progress);
  const whyNoCpp = await buildCpp(progress);
  if (whyNoPeers) progress(`  without ${NODE_PEERS.join(', ')}: ${whyNoPeers}`);
  if (whyNoCpp) progress(`  without the C++ library: ${whyNoCpp}`);
  const nodePeers = whyNoPeers ? [] : NODE_PEERS.map((name) => [name, openNodePeer(name)] as const);
  return { ...Object.fromEntries(nodePeers), ...(!whyNoCpp && { cpp: openCpp }) };
}
