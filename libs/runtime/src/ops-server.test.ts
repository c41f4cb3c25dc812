import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ListenError, toListenError } from './listen-error.ts';
import { createOpsServer, type OpsServer } from './ops-server.ts';

describe('ops server', () => {
  let server: OpsServer;
  let base: string;
  let databaseDown = false;

  beforeEach(async () => {
    const check = () => {
      if (databaseDown) throw Object.assign(new Error('x'), { reason: 'DATABASE_UNAVAILABLE' });
    };
    const metricsText = () => Promise.resolve('up 1\n');
    server = createOpsServer({
      host: '127.0.0.1',
      port: 0,
      checks: [{ name: 'database', check }],
      metricsText,
      pages: { '/policies': () => ({ 'a.B/C': { deadlineMs: 5, idleMs: Infinity } }) },
    });
    base = `http://127.0.0.1:${(await server.listen()).port}`;
  });
  afterEach(() => server.close());

  async function get(path: string) {
    const response = await fetch(base + path);
    return { status: response.status, body: await response.text() };
  }

  test('is alive from the start but ready only when told so', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('starting or draining'),
    });
    server.setReady(true);
    expect(await get('/readyz?verbose')).toMatchObject({ status: 200 });
    server.setReady(false);
    expect(await get('/readyz')).toMatchObject({ status: 503 });
  });

  test('names each check with its outcome', async () => {
    server.setReady(true);
    databaseDown = true;
    const { status, body } = await get('/readyz');
    databaseDown = false;
    expect(status).toBe(503);
    expect(JSON.parse(body)).toEqual({
      status: 'not ready',
      checks: [
        { name: 'accepting', ok: true },
        { name: 'database', ok: false, reason: 'DATABASE_UNAVAILABLE' },
      ],
    });
  });

  test('shows the pages it is given as JSON', async () => {
    const { status, body } = await get('/policies');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({ 'a.B/C': { deadlineMs: 5, idleMs: 'none' } });
  });

  test('serves metrics, and nothing else', async () => {
    expect(await get('/metrics')).toEqual({ status: 200, body: 'up 1\n' });
    expect(await get('/constructor')).toMatchObject({ status: 404 });
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(404);
  });
});

describe('a port that cannot be taken', () => {
  test('is named together with its setting', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const failing = createOpsServer({ host: '127.0.0.1', port, setting: 'ORDER_OPS_PORT' }).listen();
    await expect(failing).rejects.toThrow(`port ${port} (ORDER_OPS_PORT) is already in use`);
    await expect(failing).rejects.toBeInstanceOf(ListenError);
    holder.close();
  });

  test.each([
    [
      new Error('No address added out of total 1 resolved: bind EADDRINUSE'),
      /port 80 \(HTTP_PORT\) is already in use/,
    ],
    [Object.assign(new Error('x'), { code: 'EACCES' }), /needs rights/],
    [Object.assign(new Error('x'), { code: 'EADDRNOTAVAIL' }), /10\.0\.0\.9 .* is not an address/],
  ])('is recognised in %p', (error, message) => {
    const result = toListenError(error, { host: '10.0.0.9', port: 80, setting: 'HTTP_PORT' });
    expect(result).toBeInstanceOf(ListenError);
    expect((result as ListenError).message).toMatch(message);
  });

  test('other errors pass unchanged', () => {
    const error = new TypeError('bug');
    expect(toListenError(error, { host: 'x', port: 1, setting: 'P' })).toBe(error);
  });
});
