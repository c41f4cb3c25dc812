import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A connection that can be cut without either end being told: half-open, as after a cable is pulled. */
export interface MuteProxy {
  readonly address: string;
  /** When somebody came. */
  readonly connected: Promise<void>;
  /** From now on nothing passes, and nothing is closed. */
  mute(): void;
  close(): void;
}

/** Starts one before `target`, a `host:port`. */
export async function createMuteProxy(target: string): Promise<MuteProxy> {
  const [host, port] = target.split(':');
  const sockets: Socket[] = [];
  const connected = Promise.withResolvers<void>();
  let muted = false;
  const server = createServer((socket) => {
    const upstream = connect(Number(port), host);
    sockets.push(socket, upstream);
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on('data', (chunk) => muted || to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => muted || to.destroy());
    }
    connected.resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: connected.promise,
    mute: () => void (muted = true),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
