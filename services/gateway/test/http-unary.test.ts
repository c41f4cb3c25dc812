import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { OrderStatus, type PlaceOrderRequest } from '@millrace/contracts';
import { badRequest, Code, RpcError } from '@millrace/rpc';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

const EXAMPLE = new URL('../../../docs/examples/place-order.json', import.meta.url);
const ID = '01937f2e-7b1c-7c3a-9f10-3b9f6d1e2a4c';
const KEY = { 'idempotency-key': 'k1' };

let rig: GatewayRig;
beforeAll(async () => void (rig = await startGateway()));
afterAll(() => rig.stop());
beforeEach(() => rig.order.reset());

const failWith = (error: unknown) =>
  void (rig.order.handlers.getOrder = () => Promise.reject(error as Error));

describe('an order over HTTP/JSON', () => {
  test('the example of the docs is placed, for the principal of the token', async () => {
    let seen: PlaceOrderRequest | undefined;
    rig.order.handlers.placeOrder = (request) => {
      seen = request;
      const total = { currencyCode: 'GBP', amountMinor: 9_007_199_254_740_993n };
      return Promise.resolve({ order: { id: ID, status: OrderStatus.CONFIRMED, total, sequence: 5n } });
    };
    const body = await readFile(EXAMPLE, 'utf8');
    const response = await rig.send('POST', '/v1/orders', { body, headers: KEY });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      order: {
        id: ID,
        status: 'ORDER_STATUS_CONFIRMED',
        statusReason: '',
        lines: [],
        sequence: '5',
        total: { currencyCode: 'GBP', amountMinor: '9007199254740993' },
      },
    });
    expect(seen).toMatchObject({ idempotencyKey: 'k1', currencyCode: 'GBP' });
    expect(seen?.lines.map(({ sku, quantity }) => [sku, quantity])).toEqual([
      ['LANTERN', 2],
      ['MUG', 6],
    ]);
    const call = rig.order.calls[0]?.call;
    expect(call?.context.principal).toMatchObject({
      subject: 'alice',
      tenant: 'default',
      roles: ['customer'],
    });
    expect(call?.context.trace?.traceId).toBe(response.headers.get('x-trace-id'));
  });

  test('path and query reach the service, by GET and HEAD', async () => {
    rig.order.handlers.getOrder = ({ orderId }) => Promise.resolve({ order: { id: orderId } });
    rig.order.handlers.listOrders = ({ pageSize, status }) =>
      Promise.resolve({ nextPageToken: `${pageSize} ${status}` });
    rig.order.handlers.cancelOrder = ({ orderId }) => Promise.resolve({ order: { id: orderId } });
    const get = await rig.send('GET', `/v1/orders/${ID}`);
    expect(await get.json()).toMatchObject({ order: { id: ID } });
    const list = await rig.send('GET', '/v1/orders?page_size=5&status=ORDER_STATUS_CONFIRMED');
    expect(await list.json()).toEqual({ orders: [], nextPageToken: '5 4' });
    const cancel = await rig.send('POST', `/v1/orders/${ID}:cancel`);
    expect(await cancel.json()).toMatchObject({ order: { id: ID } });
    const head = await rig.send('HEAD', `/v1/orders/${ID}`);
    expect([head.status, await head.text()]).toEqual([200, '']);
    const products = await rig.send('GET', '/v1/products');
    expect(await products.json()).toMatchObject({ products: [{ sku: 'MUG', available: '7' }] });
  });

  test('goes on in the trace of its caller', async () => {
    rig.order.handlers.getOrder = () => Promise.resolve({});
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const response = await rig.send('GET', `/v1/orders/${ID}`, { headers });
    expect(response.headers.get('x-trace-id')).toBe(traceId);
    expect(rig.order.calls[0]?.call.context.trace).toMatchObject({ traceId, traceFlags: 1 });
  });

  test('nothing that a client says about itself goes further than the token', async () => {
    rig.order.handlers.getOrder = () => Promise.resolve({});
    const headers = {
      'x-tenant': 'other',
      'x-forwarded-for': '10.0.0.1',
      'millrace-retry': '1',
      'millrace-criticality': 'essential',
      'grpc-metadata-tenant': 'other',
      cookie: 'a=b',
    };
    await rig.send('GET', `/v1/orders/${ID}`, { headers });
    const sent = rig.order.calls[0]?.call.metadata;
    const keys = [...(sent?.entries() ?? [])].map(([key]) => key);
    expect(keys.filter((key) => !key.startsWith('grpc-') && key !== 'user-agent').toSorted()).toEqual([
      'authorization',
      'millrace-criticality',
      'millrace-retry',
      'traceparent',
    ]);
    expect(sent?.get('millrace-retry')).toBe('hedged');
    expect(sent?.get('millrace-criticality')).toBe('default');
  });
});

describe('errors are problems', () => {
  const line = (patch: object) => ({ currencyCode: 'GBP', lines: [{ sku: 'MUG', quantity: 1, ...patch }] });
  test.each([
    ['broken JSON', '{"currencyCode":', 'body'],
    ['an unknown field', { ...line({}), status: 'CONFIRMED' }, 'status'],
    ['a wrong type', line({ quantity: 'many' }), 'lines[0].quantity'],
    ['a quantity of zero', line({ quantity: 0 }), 'lines[0].quantity'],
    ['a negative quantity', line({ quantity: -3 }), 'lines[0].quantity'],
    ['a missing field', line({ sku: '' }), 'lines[0].sku'],
    ['no lines', { currencyCode: 'GBP' }, 'lines'],
    ['a currency that is none', { ...line({}), currencyCode: 'pounds' }, 'currency_code'],
  ])('%s is 400 and named', async (_name, body, field) => {
    const problem = await rig.problem('POST', '/v1/orders', { body, headers: KEY });
    expect(problem).toMatchObject({ status: 400, title: 'Bad Request', code: 'INVALID_ARGUMENT' });
    expect(problem.errors.map((one) => one.field)).toEqual([field]);
    expect(problem.headers.get('content-type')).toBe('application/problem+json');
    expect(problem.headers.get('x-trace-id')).toBe(problem.traceId);
    expect(rig.order.calls).toEqual([]);
  });

  test('an order id, a page size and a cursor that are none', async () => {
    const fields = async (path: string) => (await rig.problem('GET', path)).errors.map(({ field }) => field);
    expect(await fields('/v1/orders/seven')).toEqual(['order_id']);
    expect(await fields('/v1/orders?page_size=-1')).toEqual(['page_size']);
    expect(await fields('/v1/orders?page_size=x')).toEqual(['page_size']);
    expect(await fields(`/v1/orders?page_token=${'x'.repeat(600)}`)).toEqual(['page_token']);
    expect(await fields('/v1/orders/%ff')).toEqual(['path']);
  });

  test('the Idempotency-Key: missing, too long, and another one than in the body', async () => {
    const body = line({});
    const fields = async (sent: object) =>
      (await rig.problem('POST', '/v1/orders', { body, ...sent })).errors.map(({ field }) => field);
    expect(await fields({})).toEqual(['idempotency_key']);
    expect(await fields({ headers: { 'idempotency-key': 'k'.repeat(129) } })).toEqual(['idempotency_key']);
    expect(await fields({ headers: KEY, body: { ...body, idempotencyKey: 'k2' } })).toEqual([
      'idempotency_key',
    ]);
  });

  test('a body over the limit, another content type, no content type', async () => {
    const big = await rig.problem('POST', '/v1/orders', { body: ' '.repeat(1024 * 1024 + 1), headers: KEY });
    expect(big).toMatchObject({ status: 413, code: 'RESOURCE_EXHAUSTED', reason: 'BODY_TOO_LARGE' });
    expect(big.errors).toEqual([{ field: 'body', description: 'is over the limit of 1 MiB' }]);
    const form = { 'content-type': 'application/x-www-form-urlencoded', ...KEY };
    const unsupported = await rig.problem('POST', '/v1/orders', { body: '{}', headers: form });
    expect(unsupported).toMatchObject({
      status: 415,
      code: 'INVALID_ARGUMENT',
      reason: 'UNSUPPORTED_MEDIA_TYPE',
    });
    expect(unsupported.errors).toEqual([{ field: 'content-type', description: 'must be application/json' }]);
  });

  test('nothing there, and another method than is possible', async () => {
    expect(await rig.problem('GET', '/v2/orders')).toMatchObject({ status: 404, reason: 'ROUTE_NOT_FOUND' });
    const problem = await rig.problem('DELETE', `/v1/orders/${ID}:cancel`);
    expect(problem).toMatchObject({ status: 405, reason: 'METHOD_NOT_ALLOWED' });
    expect(problem.headers.get('allow')).toBe('POST');
    expect(await rig.problem('PROPFIND', '/v1/orders')).toMatchObject({ status: 405 });
  });

  test('no token, before anything of the body is looked at', async () => {
    const problem = await rig.problem('POST', '/v1/orders', { token: null, body: '{' });
    expect(problem).toMatchObject({ status: 401, code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' });
    expect(problem.headers.get('www-authenticate')).toBe('Bearer realm="millrace"');
  });

  test('a role that the proto does not name', async () => {
    const sent = { body: { products: [] } };
    const problem = await rig.problem('POST', '/v1/products', sent);
    expect(problem).toMatchObject({ status: 403, code: 'PERMISSION_DENIED', reason: 'ROLE_MISSING' });
  });

  test.each([
    [Code.INVALID_ARGUMENT, 400],
    [Code.NOT_FOUND, 404],
    [Code.ALREADY_EXISTS, 409],
    [Code.PERMISSION_DENIED, 403],
    [Code.RESOURCE_EXHAUSTED, 429],
    [Code.FAILED_PRECONDITION, 400],
    [Code.ABORTED, 409],
    [Code.OUT_OF_RANGE, 400],
    [Code.UNIMPLEMENTED, 501],
    [Code.DEADLINE_EXCEEDED, 504],
  ])('status %s of the service is %s with its reason', async (code, status) => {
    failWith(new RpcError(code, 'so it is', { reason: 'SO_IT_IS' }));
    const problem = await rig.problem('GET', `/v1/orders/${ID}`);
    expect(problem).toMatchObject({ status, reason: 'SO_IT_IS', detail: 'so it is' });
  });

  test('fields and the time to come back travel through', async () => {
    failWith(badRequest([{ field: 'lines[3].sku', description: 'is unknown', reason: 'UNKNOWN_PRODUCT' }]));
    const wrong = await rig.problem('GET', `/v1/orders/${ID}`);
    expect(wrong.errors).toEqual([{ field: 'lines[3].sku', description: 'is unknown' }]);
    expect(wrong.reason).toBe('UNKNOWN_PRODUCT');
    failWith(
      new RpcError(Code.RESOURCE_EXHAUSTED, 'busy', { reason: 'BUSY', retryDelayMs: 1_500, retried: true }),
    );
    const busy = await rig.problem('GET', `/v1/orders/${ID}`);
    expect(busy).toMatchObject({ status: 429, reason: 'BUSY', retryAfterMs: 1500 });
    expect(busy.headers.get('retry-after')).toBe('2');
  });

  test.each([
    ['a crash', new Error('password=hunter2 at /srv/app.ts')],
    ['our own token refused', new RpcError(Code.UNAUTHENTICATED, 'the token is not valid')],
  ])('%s behind us tells the client nothing', async (_name, error) => {
    failWith(error);
    const problem = await rig.problem('GET', `/v1/orders/${ID}`);
    expect(problem).toMatchObject({ status: 500, code: 'INTERNAL', detail: 'internal error' });
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|srv|stack|token/);
  });
});

describe('health', () => {
  test('the process is alive, ready, and shows its metrics', async () => {
    const get = async (url: string) => (await fetch(url)).status;
    expect(await get(`${rig.url}/healthz`)).toBe(200);
    expect(await get(`${rig.url}/readyz`)).toBe(200);
    expect(await get(`${rig.opsUrl}/readyz`)).toBe(200);
    expect(await get(`${rig.opsUrl}/metrics`)).toBe(200);
  });
});
