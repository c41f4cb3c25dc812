import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** An address where no connection comes about and none is refused, as behind a firewall that drops packets. */
export interface FullBacklog {
  /** `127.0.0.1:port` */
  readonly address: string;
  close(): Promise<void>;
}

/** Listens and never accepts: its event loop stands still. */
const LISTENER = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });
`;

const SETTLED_MS = 100;

/** Starts one: a listener with a queue of two, which is filled. Linux answers no SYN beyond that. */
export async function createFullBacklog(): Promise<FullBacklog> {
  const worker = new Worker(LISTENER, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const sockets: Socket[] = [];
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket);
    const late = Symbol();
    const timer = new Promise((resolve) => setTimeout(resolve, SETTLED_MS, late));
    if ((await Promise.race([once(socket, 'connect'), timer])) === late) break;
  }
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await worker.terminate();
    },
  };
}
