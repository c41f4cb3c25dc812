import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { send } from './support/http.ts';
import { runTool } from './support/run.ts';

// Whole systems start here; a busy machine needs its time.
jest.setTimeout(120_000);

const MAIN = 'tools/dev/src/main.ts';
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-dev-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const ANY_PORT = {
  GATEWAY_HTTP_PORT: '0',
  GATEWAY_GRPC_PORT: '0',
  ORDER_GRPC_PORT: '0',
  PAYMENT_GRPC_PORT: '0',
};

describe('make dev', () => {
  test('says where everything is, and Ctrl-C leaves nothing running', async () => {
    const running = runTool(MAIN, { ...ANY_PORT, DATA_DIR: dataDir });
    await running.said(/^ready .*gateway http:\/\/127\.0\.0\.1:\d+ .*payment 127\.0\.0\.1:\d+$/m);
    running.signal('SIGINT');
    const { status, output } = await running.ended;
    expect(status).toBe(0);
    const http = /gateway (http:\S+)/.exec(output)?.[1] ?? '';
    const system = { addresses: { http } } as Parameters<typeof send>[0];
    await expect(send(system, '/healthz', { token: '' })).rejects.toThrow('fetch failed');
    expect(output).not.toMatch(/error/i);
  });

  test('that is killed itself takes its services along, and the next one finds the data', async () => {
    const first = runTool(MAIN, { ...ANY_PORT, DATA_DIR: dataDir });
    await first.said(/^ready .*$/m);
    first.signal('SIGKILL');
    const { output } = await first.ended;
    const http = /gateway (http:\S+)/.exec(output)?.[1] ?? '';
    const answers = () =>
      fetch(new URL('/healthz', http)).then(
        () => true,
        () => false,
      );
    while (await answers()) await new Promise(setImmediate);
    const second = runTool(MAIN, { ...ANY_PORT, DATA_DIR: dataDir });
    await second.said(/^ready .*$/m);
    second.signal('SIGTERM');
    const { status, output: again } = await second.ended;
    expect(status).toBe(0);
    // It went on with the database that it found.
    expect(again).not.toContain('migration applied');
  });

  test('names a port that is taken and its setting, in one line', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { status, output } = await runTool(MAIN, {
      ...ANY_PORT,
      ORDER_GRPC_PORT: String(port),
      DATA_DIR: dataDir,
    }).ended;
    server.close();
    expect(status).toBe(1);
    expect(output).toBe(
      `dev: port ${port} (ORDER_GRPC_PORT) is already in use; set ORDER_GRPC_PORT to another one\n`,
    );
  });
});
