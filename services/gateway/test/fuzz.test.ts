import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

let rig: GatewayRig;
let token: string;
beforeAll(async () => {
  rig = await startGateway();
  token = await rig.token('admin');
});
afterAll(() => rig.stop());

const ROUTES = ['/v1/orders', '/v1/orders:watch', '/v1/orders/x:cancel', '/v1/products', '/v1/orders/', '/'];
const HOSTILE = [
  '%',
  '%00',
  '%2e%2e',
  '..',
  ':',
  '::',
  '{',
  '*',
  '\\',
  '__proto__',
  'constructor',
  '%ff',
  '~',
  '',
];
const segment = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: 'binary-ascii', maxLength: 8 }).map(encodeURIComponent),
);
const query = fc.array(fc.tuple(fc.oneof(segment, fc.constantFrom('page_size', 'cursor', 'a.b')), segment), {
  maxLength: 3,
});
const target = fc
  .tuple(fc.constantFrom(...ROUTES), fc.array(segment, { maxLength: 3 }), query)
  .map(([route, segments, pairs]) => {
    const search = pairs.map((pair) => pair.join('=')).join('&');
    return `${route}${segments.map((one) => `/${one}`).join('')}/!${search === '' ? '' : `?${search}`}`;
  });
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc.jsonValue().map((lines) => Buffer.from(JSON.stringify({ currencyCode: 'GBP', lines, __proto__: null }))),
  fc.integer({ min: 1, max: 60_000 }).map((depth) => Buffer.from('['.repeat(depth))),
  fc
    .integer({ min: 1, max: 20_000 })
    .map((depth) => Buffer.from('{"lines":'.repeat(depth) + '1' + '}'.repeat(depth))),
);

async function expectProblem(response: Response): Promise<void> {
  const text = await response.text();
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(response.status).toBeLessThan(500);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.parse(text)).toMatchObject({ status: response.status, traceId: expect.any(String) });
  expect(text).not.toMatch(/\bat .*\.[jt]s|node_modules|node:internal/);
}

async function isAlive(): Promise<void> {
  expect((await fetch(`${rig.url}/healthz`)).status).toBe(200);
}

describe('whatever is sent', () => {
  test('to any path, the answer is a problem of the client', async () => {
    const verb = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS');
    await fc.assert(
      fc.asyncProperty(verb, target, async (method, path) => {
        await expectProblem(
          await fetch(rig.url + path, { method, headers: { authorization: `Bearer ${token}` } }),
        );
      }),
      { numRuns: 300 },
    );
    await isAlive();
  });

  test('as a body, the answer is a problem of the client', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/v1/orders', '/v1/products'), body, async (path, bytes) => {
        await expectProblem(await fetch(rig.url + path, { method: 'POST', headers, body: bytes }));
      }),
      { numRuns: 300 },
    );
    await isAlive();
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('as bytes that are no HTTP, the answer is a problem or the end of the connection', async () => {
    const { hostname, port } = new URL(rig.url);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (bytes) => {
        const socket = connect(Number(port), hostname);
        const chunks: Buffer[] = [];
        socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined);
        socket.end(bytes);
        await once(socket, 'close');
        const answer = Buffer.concat(chunks).toString();
        expect(answer === '' || /^HTTP\/1\.1 4\d\d .*application\/problem\+json/s.test(answer)).toBe(true);
      }),
      { numRuns: 100 },
    );
    await isAlive();
  });

  test('headers over the limit are 431', async () => {
    const response = await fetch(`${rig.url}/v1/orders`, { headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(response.status).toBe(431);
    expect(await response.json()).toMatchObject({ status: 431, reason: 'HEADERS_TOO_LARGE' });
  });
});
