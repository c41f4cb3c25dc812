import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the range that systems hand out for outgoing connections, so that no client's own port lands here between a service's end and its restart. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** Whether somebody could listen on this port of the loopback interface right now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** A port that is free now. Chosen before the services start, so that they can start side by side. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
}
