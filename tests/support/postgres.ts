import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedPostgres } from '@millrace/durable/embedded';
import { startEmbeddedPostgres } from '@millrace/durable/embedded';

let stop: (() => Promise<void>) | undefined;

/**
 * Jest's global setup: one PostgreSQL for the whole run, started when the first test asks for it. Tests ask over the
 * loopback address in MILLRACE_TEST_POSTGRES and are answered with the server's URL. A `postgres:` URL set there
 * by hand is used instead.
 */
export default async function setup(): Promise<void> {
  if (process.env.MILLRACE_TEST_POSTGRES !== undefined) return;
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  // When root runs the tests, the server runs as somebody else.
  await chmod(folder, 0o711);
  let running: Promise<EmbeddedPostgres> | undefined;
  const answers = createServer((_, response) => {
    running ??= startEmbeddedPostgres({ dataDir: join(folder, 'data'), databases: [] });
    running.then(
      (server) => response.end(server.url('postgres')),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(answers, 'listening');
  answers.unref();
  const address = answers.address();
  if (address === null || typeof address === 'string') throw new Error('no loopback address');
  process.env.MILLRACE_TEST_POSTGRES = `http://127.0.0.1:${address.port}`;
  stop = async () => {
    answers.close();
    answers.closeAllConnections();
    const server = await running;
    await server?.stop({ removeData: true });
    await rm(folder, { recursive: true, force: true });
  };
}

export async function teardown(): Promise<void> {
  await stop?.();
}
