import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import {
  OrderSchema,
  PlaceOrdersResponseSchema,
  StatusSchema,
  type OrderService,
  type PlaceOrdersRequest,
} from '@millrace/contracts';
import { Code, RpcError, type Client } from '@millrace/rpc';
import { createHttpClient } from './http-client.ts';
import type { OrdersClient } from './orders-client.ts';
import { createOrdersStream } from './orders-stream.ts';

const ORDER = {
  idempotencyKey: 'k1',
  customerId: 'ada',
  currencyCode: 'GBP',
  lines: [{ sku: 'MUG', quantity: 1 }],
};

describe('the HTTP client', () => {
  let server: Server;
  let client: OrdersClient;
  let answer: { status: number; body: string };
  let seen: { request: IncomingMessage; body: string } | undefined;

  beforeEach(async () => {
    server = createServer((request, response) => {
      seen = { request, body: '' };
      request.setEncoding('utf8').on('data', (text: string) => seen && (seen.body += text));
      request.on('end', () => response.writeHead(answer.status).end(answer.body));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const token = async (subject: string) => `token-of-${subject}`;
    client = createHttpClient({ baseUrl: `http://127.0.0.1:${port}`, token, connections: 2 });
  });
  afterEach(async () => {
    await client.close();
    server.close();
  });

  test('sends the key, the token and the deadline as headers, and reads the order', async () => {
    answer = { status: 200, body: '{"order":{"id":"o1","sequence":"3","unknownField":1}}' };
    expect(await client.place(ORDER, { timeoutMs: 500 })).toMatchObject({ id: 'o1', sequence: 3n });
    expect(seen?.request.headers).toMatchObject({
      'idempotency-key': 'k1',
      authorization: 'Bearer token-of-ada',
      'request-timeout': '0.5',
    });
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      currencyCode: 'GBP',
      lines: [{ sku: 'MUG', quantity: 1 }],
    });
  });

  test('turns a problem into its error', async () => {
    answer = {
      status: 503,
      body: '{"code":"UNAVAILABLE","reason":"DATABASE_UNAVAILABLE","detail":"later","retryAfterMs":200}',
    };
    await expect(client.place(ORDER)).rejects.toMatchObject({
      ...{ code: Code.UNAVAILABLE, reason: 'DATABASE_UNAVAILABLE', message: 'later', retryDelayMs: 200 },
    });
  });

  test('takes an answer that is no JSON for a passing fault of the way', async () => {
    answer = { status: 502, body: '<html>bad gateway</html>' };
    await expect(client.place(ORDER)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });

  test('says that a server that is gone is unavailable', async () => {
    server.close();
    await expect(client.place(ORDER)).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  });
});

describe('the stream', () => {
  type PlaceOrders = Pick<Client<typeof OrderService>, 'placeOrders'>['placeOrders'];
  const fake = (answer: (requests: AsyncIterable<PlaceOrdersRequest>) => AsyncIterable<object>) =>
    createOrdersStream({ placeOrders: answer as unknown as PlaceOrders }, {});
  const reply = (correlationId: bigint, id: string) =>
    create(PlaceOrdersResponseSchema, {
      correlationId,
      result: { case: 'order', value: create(OrderSchema, { id }) },
    });

  test('gives each order its own reply, in whichever order they come', async () => {
    const stream = fake(async function* (requests) {
      const two: PlaceOrdersRequest[] = [];
      for await (const request of requests) {
        two.push(request);
        if (two.length === 2)
          for (const one of two.reverse()) yield reply(one.correlationId, `o${one.correlationId}`);
      }
    });
    const orders = await Promise.all([stream.place(ORDER), stream.place(ORDER)]);
    expect(orders.map(({ id }) => id)).toEqual(['o1', 'o2']);
    stream.end();
  });

  test('gives an order its own error and goes on', async () => {
    const stream = fake(async function* (requests) {
      for await (const { correlationId } of requests)
        if (correlationId === 1n) {
          const value = create(StatusSchema, { code: Code.INVALID_ARGUMENT, message: 'no lines' });
          yield create(PlaceOrdersResponseSchema, { correlationId, result: { case: 'error', value } });
        } else yield reply(correlationId, 'fine');
    });
    await expect(stream.place(ORDER)).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      message: 'no lines',
    });
    expect(await stream.place(ORDER)).toMatchObject({ id: 'fine' });
    stream.end();
  });

  test('tells everybody who waits when it breaks, and the next order opens another', async () => {
    let opened = 0;
    const stream = fake(async function* (requests) {
      opened += 1;
      for await (const { correlationId } of requests) {
        if (opened === 1) throw new RpcError(Code.UNAVAILABLE, 'gone');
        yield reply(correlationId, 'again');
      }
    });
    await expect(stream.place(ORDER)).rejects.toMatchObject({ message: 'gone' });
    expect(await stream.place(ORDER)).toMatchObject({ id: 'again' });
    stream.end();
  });
});
