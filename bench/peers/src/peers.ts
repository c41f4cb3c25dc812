/** Those who are compared with, each loaded when it is wanted: nobody carries what another one needs. */
export const PEERS = {
  'nice-grpc': { client: () => import('./nice-client.ts'), server: () => import('./nice-server.ts') },
  'connect-node': {
    client: () => import('./connect-client.ts'),
    server: () => import('./connect-server.ts'),
  },
  nestjs: { client: () => import('./nest-client.ts'), server: () => import('./nest-server.ts') },
};

export type PeerName = keyof typeof PEERS;
