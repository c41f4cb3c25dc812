import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { ConfigError, loadConfig } from '@millrace/runtime';
import { createGatewayApp } from '../src/app.ts';
import { configSchema } from '../src/config.ts';
import { readEvents } from './event-reader.ts';
import { startGateway } from './gateway-rig.ts';

const ID = '01937f2e-7b1c-7c3a-9f10-3b9f6d1e2a4c';

describe('starting', () => {
  test.each(['HTTP_PORT', 'GRPC_PORT', 'OPS_PORT'])(
    'a port that is taken is named with its setting, %s',
    async (setting) => {
      const rig = await startGateway();
      const taken = rig.url.split(':').at(-1) ?? '';
      const app = createGatewayApp({ ...rig.config, [setting]: Number(taken) });
      await expect(app.start()).rejects.toThrow(`port ${taken} (${setting}) is already in use`);
      await app.stop();
      await rig.stop();
    },
  );

  test('missing keys are named with their setting', () => {
    const config = loadConfig(configSchema, { KEYS_DIR: '/nowhere' });
    expect(() => createGatewayApp(config)).toThrow(ConfigError);
    expect(() => createGatewayApp(config)).toThrow(/KEYS_DIR holds no public.jwks.json/);
  });

  test('wrong settings are all named at once, the development issuer in production among them', () => {
    const env = { NODE_ENV: 'production', HTTP_PORT: 'x', ORDER_ADDRESS: 'order' };
    expect(() => loadConfig(configSchema, env)).toThrow(
      /HTTP_PORT .*ORDER_ADDRESS .*AUTH_ISSUER .*refused in production/,
    );
    const good = { NODE_ENV: 'production', AUTH_ISSUER: 'https://issuer.example' };
    expect(loadConfig(configSchema, good).AUTH_ISSUER).toBe('https://issuer.example');
  });
});

describe('an order service that is not there', () => {
  test('is 503 with a time to come back, and without its address', async () => {
    const rig = await startGateway();
    await rig.order.close();
    const problem = await rig.problem('GET', `/v1/orders/${ID}`);
    expect(problem).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(problem.headers.get('retry-after')).not.toBeNull();
    expect(JSON.stringify(problem)).not.toContain('127.0.0.1');
    await rig.stop();
  });
});

describe('stopping', () => {
  test('finishes what runs, ends streams with a word, and takes nothing new', async () => {
    const rig = await startGateway();
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    rig.order.handlers.listOrders = async () => {
      begun.resolve();
      await finish.promise;
      return { nextPageToken: 'done' };
    };
    rig.order.handlers.watchOrders = async function* (_request, call) {
      yield { event: { cursor: '1' } };
      throw await new Promise((resolve) => call.onCancel(resolve));
    };
    const events = readEvents(await rig.send('GET', '/v1/orders:watch'));
    expect((await events.next()).value).toMatchObject({ id: '1' });
    const running = rig.send('GET', '/v1/orders');
    await begun.promise;

    const stopped = rig.stop();
    expect((await events.next()).value).toMatchObject({ event: 'error', data: { reason: 'DRAINING' } });
    expect((await events.next()).done).toBe(true);
    finish.resolve();
    expect(await (await running).json()).toMatchObject({ nextPageToken: 'done' });
    await stopped;
    await expect(fetch(`${rig.url}/healthz`)).rejects.toThrow();
  });

  test('does not wait for a client that never finishes its request', async () => {
    const rig = await startGateway({}, { SHUTDOWN_GRACE_MS: '1050' });
    const { hostname, port } = new URL(rig.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.write('POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{');
    await once(socket, 'ready');
    await rig.stop();
    socket.destroy();
    await closed;
  });

  test('cuts off what does not end within the grace time', async () => {
    const rig = await startGateway({}, { SHUTDOWN_GRACE_MS: '1050' });
    const begun = Promise.withResolvers<void>();
    rig.order.handlers.placeOrder = (_request, call) => {
      begun.resolve();
      return new Promise((_resolve, reject) => call.onCancel(reject));
    };
    const body = { currencyCode: 'GBP', lines: [{ sku: 'MUG', quantity: 1 }] };
    const running = rig.problem('POST', '/v1/orders', { body, headers: { 'idempotency-key': 'k' } });
    await begun.promise;
    const stopped = rig.stop();
    expect(await running).toMatchObject({ status: 503, reason: 'DRAINING', retryAfterMs: 1000 });
    await stopped;
  });
});
