import type { OpenTraffic, StartServer } from './traffic.ts';

/** A client and a server that fit together. */
interface Variant {
  readonly openTraffic: () => Promise<OpenTraffic>;
  readonly startServer: () => Promise<StartServer>;
}

const bareServer = async () => (await import('./bare-server.ts')).startBareServer;
const fullServer = async () => (await import('./full-server.ts')).startFullServer;
const kitServer = async () => (await import('./kit-server.ts')).startKitServer;
const fullClient = async () => (await import('./full-client.ts')).createFullTraffic;
const kitClient = async () => (await import('./kit-client.ts')).createKitTraffic;

/**
 * Who is measured. `bare`: grpc-js alone, unary. `full`: the kit with its whole chain, unary. `channel`: the same over the channel.
 * `bare-channel`: the kit without interceptors, over the channel. `kit`: that one unary. `http2`: gRPC by hand
 * over Node's own HTTP/2, unary. `raw-channel`: the channel without grpc-js below it.
 * Loaded when wanted: nobody carries what another one needs.
 */
export const VARIANTS = {
  bare: {
    openTraffic: async () => (await import('./bare-client.ts')).openBareTraffic,
    startServer: bareServer,
  },
  full: { openTraffic: async () => (await fullClient())({ channel: false }), startServer: fullServer },
  channel: { openTraffic: async () => (await fullClient())({ channel: true }), startServer: fullServer },
  'bare-channel': { openTraffic: async () => (await kitClient())({ channel: true }), startServer: kitServer },
  http2: {
    openTraffic: async () => (await import('./http2-client.ts')).openHttp2Traffic,
    startServer: async () => (await import('./http2-server.ts')).startHttp2Server,
  },
  'raw-channel': {
    openTraffic: async () => (await import('./raw-channel-client.ts')).openRawChannelTraffic,
    startServer: async () => (await import('./raw-channel-server.ts')).startRawServer,
  },
  kit: { openTraffic: async () => (await kitClient())({ channel: false }), startServer: kitServer },
} satisfies Readonly<Record<string, Variant>>;

export type VariantName = keyof typeof VARIANTS;
