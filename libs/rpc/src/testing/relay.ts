import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Stands between a client and a server, counts what passes, and can be cut. */
export interface Relay {
  /** `127.0.0.1:port` */
  readonly address: string;
  /** How many connections it has had. */
  readonly connections: number;
  /** Bytes from the client to the server. */
  readonly upBytes: number;
  /** Bytes from the server to the client. */
  readonly downBytes: number;
  /** Nothing passes any more, until `resume`. */
  pause(): void;
  resume(): void;
  /** Resolves when there is no connection. */
  quiet(): Promise<void>;
  /** New connections go to this `host:port`. */
  pointTo(target: string): void;
  /** Ends every connection without a word. */
  drop(): void;
  /** The same, and takes no new ones. */
  cut(): void;
  close(): void;
}

/** What comes from one goes to the other, until it closes. */
function pass(from: Socket, to: Socket, count: (bytes: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    count(chunk.byteLength);
    to.write(chunk);
  });
  from.on('error', () => undefined);
  from.on('close', () => to.destroy());
}

/** Starts one before `target`, a `host:port`. */
export async function createRelay(target: string): Promise<Relay> {
  let current = target;
  const sockets = new Set<Socket>();
  const counts = { connections: 0, upBytes: 0, downBytes: 0 };
  const join = (from: Socket, to: Socket, count: (bytes: number) => void): void => {
    sockets.add(from);
    from.on('close', () => sockets.delete(from));
    pass(from, to, count);
  };
  const server = createServer({ noDelay: true }, (socket) => {
    counts.connections += 1;
    const [host = '', port] = current.split(':');
    const upstream = connect({ port: Number(port), host, noDelay: true });
    join(socket, upstream, (bytes) => (counts.upBytes += bytes));
    join(upstream, socket, (bytes) => (counts.downBytes += bytes));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const cut = (): void => {
    server.close();
    drop();
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return counts.connections;
    },
    get upBytes() {
      return counts.upBytes;
    },
    get downBytes() {
      return counts.downBytes;
    },
    pause: () => sockets.forEach((socket) => socket.pause()),
    resume: () => sockets.forEach((socket) => socket.resume()),
    quiet: async () => {
      for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
    },
    pointTo: (other) => void (current = other),
    drop,
    cut,
    close: cut,
  };
}
