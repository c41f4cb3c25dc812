import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { formatLog } from './format-log.ts';
import { freePort, isFree } from './free-port.ts';
import { environmentOf } from './services.ts';
import { readSettings } from './settings.ts';
import { servicesOf } from './watch-sources.ts';

describe('ports', () => {
  test('a free one can be listened on, a taken one is seen', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await isFree(port)).toBe(false);
    server.close();
    await once(server, 'close');
    expect(await isFree(port)).toBe(true);
  });

  test('each is set by a variable of its own', () => {
    const { ports } = readSettings({ GATEWAY_HTTP_PORT: '9000', PAYMENT_GRPC_PORT: '9003' });
    expect(ports).toEqual({ gatewayHttp: 9000, gatewayGrpc: 8081, order: 50051, payment: 9003, postgres: 0 });
  });

  test('a wrong one is named', () => {
    expect(() => readSettings({ ORDER_GRPC_PORT: 'http' })).toThrow(/ORDER_GRPC_PORT/);
  });
});

test('a service is told where the ones it calls are', () => {
  const ports = { gatewayHttp: 1, gatewayGrpc: 2, order: 3, payment: 4 };
  const at = { ports, keysDir: '/keys', databaseUrl: (name: string) => `postgres://db/${name}` };
  expect(environmentOf('gateway', at)).toMatchObject({ HTTP_PORT: '1', ORDER_ADDRESS: '127.0.0.1:3' });
  expect(environmentOf('order', at)).toMatchObject({
    PAYMENT_ADDRESS: '127.0.0.1:4',
    DATABASE_URL: 'postgres://db/orders',
    BUS_URL: 'postgres://db/bus',
  });
});

test.each([
  ['services/order/src/app.ts', ['order']],
  ['services/order/src/app.test.ts', []],
  ['libs/rpc/src/client.ts', ['payment', 'order', 'gateway']],
  ['protos/shop/order/v1/order.proto', ['payment', 'order', 'gateway']],
  ['services/order/node_modules/x/index.js', []],
  ['services/order/src/.app.ts.swp', []],
  ['tools/demo/src/main.ts', []],
])('a change of %s restarts %j', (file, services) => {
  expect(servicesOf(file)).toEqual(services);
});

test.each([
  ['JSON', '{"level":"info","service":"order","time":"t","msg":"ready","port":1}', /^order {4}ready port=1$/],
  ['a warning', '{"level":"warn","msg":"slow"}', /^order {4}warn slow$/],
  ['the runtime’s own form', '12:30:01 order    info  ready port=1', /^order {4}ready port=1$/],
  ['anything else', 'Error: boom', /^order {4}Error: boom$/],
  ['broken JSON', '{"level":', /^order {4}\{"level":$/],
])('a log line in %s is made readable', (_name, line, expected) => {
  // Colours are off where standard output is no terminal; with them on, they are taken out.
  expect(formatLog('order', line).replaceAll(/\u001b\[\d+m/g, '')).toMatch(expected);
});
