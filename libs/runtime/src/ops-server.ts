import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toListenError } from './listen-error.ts';
import { answerReady, type ReadyCheck } from './ready.ts';

export type { ReadyCheck } from './ready.ts';

export interface OpsServerOptions {
  host: string;
  /** 0 takes a free port. */
  port: number;
  /** Asked at each `/readyz`; a throw, a rejection or a second's silence means not ready. Default: none. */
  checks?: readonly ReadyCheck[];
  /** The page at `/metrics`, see `startTelemetry`. Without it the page is empty. */
  metricsText?: () => Promise<string>;
  /** Further pages by path, shown as JSON: `{ '/policies': () => table.print() }`. */
  pages?: Readonly<Record<string, () => unknown>>;
  /** The variable that set the port, named when the port is taken. Default: OPS_PORT. */
  setting?: string;
}

/** Health and metrics for the platform, on a port of their own. */
export interface OpsServer {
  /** Not ready until set to true; set to false when draining begins. */
  setReady(ready: boolean): void;
  /** @throws ListenError */
  listen(): Promise<{ host: string; port: number }>;
  close(): Promise<void>;
}

interface Page {
  status: number;
  type: string;
  body: string;
}

/** Serves `/healthz` (the process answers), `/readyz` (it should get traffic, and if not, why), `/metrics`, and what else is given. */
export function createOpsServer(options: OpsServerOptions): OpsServer {
  const { host, port, checks = [], metricsText = () => Promise.resolve(''), setting = 'OPS_PORT' } = options;
  let ready = false;
  const given = Object.entries(options.pages ?? {}).map(([path, read]) => {
    return [path, () => Promise.resolve(json(200, read() as object, 2))] as const;
  });
  const pages: Readonly<Record<string, () => Promise<Page>>> = {
    ...Object.fromEntries(given),
    '/healthz': () => Promise.resolve(json(200, { status: 'alive' })),
    '/readyz': async () => {
      const answer = await answerReady(ready, checks);
      return json(answer.status === 'ready' ? 200 : 503, answer);
    },
    '/metrics': async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: await metricsText(),
    }),
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const page = isRead && Object.hasOwn(pages, path) ? pages[path] : undefined;
    void (page?.() ?? Promise.resolve(json(404, { status: 'not found' })))
      .catch(() => json(500, { status: 'failed' }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
        response.end(request.method === 'HEAD' ? undefined : body);
      });
  });
  return {
    setReady: (value) => void (ready = value),
    listen: () => listen(server, { host, port, setting }),
    close: () => close(server),
  };
}

function json(status: number, body: object, indent = 0): Page {
  // JSON has no Infinity, and null would say that nothing is known.
  const text = JSON.stringify(body, (_key, value: unknown) => (value === Infinity ? 'none' : value), indent);
  return { status, type: 'application/json', body: `${text}\n` };
}

function listen(server: Server, address: { host: string; port: number; setting: string }) {
  return new Promise<{ host: string; port: number }>((resolve, reject) => {
    server.once('error', (error) => reject(toListenError(error, address) as Error));
    server.listen(address.port, address.host, () =>
      resolve({ host: address.host, port: (server.address() as AddressInfo).port }),
    );
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // An error here only says that it was not listening.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
