import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CatalogService, describeService, OrderService, PaymentService } from '@millrace/contracts';
import type { RpcError } from '@millrace/rpc';
import {
  badRequest,
  Code,
  createBareClient,
  createTransport,
  fieldViolations,
  type Call,
  type Transport,
} from '@millrace/rpc';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

const ID = '01937f2e-7b1c-7c3a-9f10-3b9f6d1e2a4c';
const LINES = [{ sku: 'MUG', quantity: 1 }];

let rig: GatewayRig;
let transport: Transport;
let metadata: { authorization: string };
beforeAll(async () => {
  rig = await startGateway();
  transport = createTransport({ address: rig.grpcAddress });
  metadata = { authorization: `Bearer ${await rig.token('importer')}` };
});
afterAll(async () => {
  await transport.close();
  await rig.stop();
});
beforeEach(() => rig.order.reset());

const orders = () => createBareClient(OrderService, { transport });
const catalog = () => createBareClient(CatalogService, { transport });

function answerEverything(): void {
  Object.assign(rig.order.handlers, {
    placeOrder: async ({ idempotencyKey }) => ({ order: { id: idempotencyKey } }),
    async *placeOrders(requests) {
      for await (const { correlationId } of requests)
        yield { correlationId, result: { case: 'order', value: { id: String(correlationId) } } };
    },
    getOrder: async ({ orderId }) => ({ order: { id: orderId } }),
    listOrders: async () => ({ orders: [{ id: ID }] }),
    cancelOrder: async ({ orderId }) => ({ order: { id: orderId } }),
    async *watchOrders({ cursor }) {
      yield { event: { cursor: `${cursor}1` } };
      yield { event: { cursor: `${cursor}2` } };
    },
  } satisfies typeof rig.order.handlers);
}

async function* several<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

describe('the order service by gRPC', () => {
  test('every method of the contract reaches the service', async () => {
    answerEverything();
    const options = { metadata };
    const order = { idempotencyKey: 'k1', currencyCode: 'GBP', lines: LINES };
    expect((await orders().placeOrder(order, options)).order?.id).toBe('k1');
    expect((await orders().getOrder({ orderId: ID }, options)).order?.id).toBe(ID);
    expect((await orders().listOrders({}, options)).orders).toHaveLength(1);
    expect((await orders().cancelOrder({ orderId: ID }, options)).order?.id).toBe(ID);
    const watched = await Array.fromAsync(orders().watchOrders({ cursor: 'c' }, options));
    expect(watched.map(({ event }) => event?.cursor)).toEqual(['c1', 'c2']);
    const requests = several({ correlationId: 1n, order }, { correlationId: 2n, order });
    const replies = await Array.fromAsync(orders().placeOrders(requests, options));
    expect(replies.map(({ correlationId }) => correlationId)).toEqual([1n, 2n]);
    expect((await catalog().listProducts({}, options)).products).toHaveLength(1);
    const products = [{ sku: 'A', unitPrice: { currencyCode: 'GBP', amountMinor: 1n } }];
    expect((await catalog().putProducts({ products }, options)).count).toBe(1);

    const called = new Set(rig.order.calls.map(({ call }) => call.method.path));
    const all = [OrderService, CatalogService].flatMap((one) => Object.values(describeService(one).methods));
    expect(called).toEqual(new Set(all.map(({ path }) => path)));
  });

  test('a stream is answered while it is still being sent', async () => {
    answerEverything();
    const second = Promise.withResolvers<void>();
    const order = { idempotencyKey: 'k1', currencyCode: 'GBP', lines: LINES };
    async function* requests() {
      yield { correlationId: 1n, order };
      await second.promise;
      yield { correlationId: 2n, order };
    }
    const seen: bigint[] = [];
    for await (const { correlationId } of orders().placeOrders(requests(), { metadata })) {
      seen.push(correlationId);
      second.resolve();
    }
    expect(seen).toEqual([1n, 2n]);
  });

  test('a bad message on the stream is for the service to answer', async () => {
    answerEverything();
    const bad = several({ correlationId: 7n, order: { idempotencyKey: '', currencyCode: 'x', lines: [] } });
    rig.order.handlers.placeOrders = async function* () {
      yield { correlationId: 7n, result: { case: 'error', value: { code: 3, message: 'no' } } };
    };
    const replies = await Array.fromAsync(orders().placeOrders(bad, { metadata }));
    expect(replies.map(({ result }) => result.case)).toEqual(['error']);
  });

  test('metadata from outside stays outside, and the caller is who the token says', async () => {
    answerEverything();
    const forged = { ...metadata, 'x-tenant': 'other', 'x-subject': 'root', 'trace-bin': Uint8Array.of(1) };
    await orders().getOrder({ orderId: ID }, { metadata: forged });
    const { call } = rig.order.calls[0] ?? {};
    expect(call?.context.principal).toMatchObject({
      subject: 'alice',
      tenant: 'default',
      roles: ['importer'],
    });
    const keys = [...(call?.metadata.entries() ?? [])].map(([key]) => key);
    expect(keys).not.toEqual(expect.arrayContaining(['x-tenant']));
    expect(keys).not.toEqual(expect.arrayContaining(['x-subject']));
    expect(keys).not.toEqual(expect.arrayContaining(['trace-bin']));
  });

  test('errors keep their reason, their fields and the time to come back', async () => {
    rig.order.handlers.getOrder = () =>
      Promise.reject(
        badRequest([{ field: 'order_id', description: 'is odd', reason: 'ODD' }]).with({ retryDelayMs: 70 }),
      );
    const error = await orders()
      .getOrder({ orderId: ID }, { metadata })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, reason: 'ODD', retryDelayMs: 70 });
    expect(fieldViolations(error as RpcError)).toMatchObject([{ field: 'order_id', description: 'is odd' }]);
  });

  test('a wrong request is refused at the door, by the same rules and names as over HTTP', async () => {
    const order = { idempotencyKey: 'k', currencyCode: 'GBP', lines: [{ sku: 'MUG', quantity: 0 }] };
    const error = await orders()
      .placeOrder(order, { metadata })
      .catch((thrown: unknown) => thrown);
    expect(fieldViolations(error as RpcError).map(({ field }) => field)).toEqual(['lines[0].quantity']);
    expect(rig.order.calls).toEqual([]);
  });

  test('the time that is left shrinks on the way', async () => {
    answerEverything();
    await orders().listOrders({}, { metadata, timeoutMs: 700 });
    const [first] = rig.order.calls;
    expect(first?.leftMs).toBeLessThan(700);
    expect(first?.leftMs).toBeGreaterThan(0);
  });

  test('a reader that leaves ends the stream behind', async () => {
    const ended = Promise.withResolvers<RpcError>();
    rig.order.handlers.watchOrders = async function* (_request, call: Call) {
      yield { event: { cursor: '1' } };
      throw await new Promise<RpcError>((resolve) =>
        call.onCancel((why) => {
          ended.resolve(why);
          resolve(why);
        }),
      );
    };
    for await (const { event } of orders().watchOrders({}, { metadata })) if (event) break;
    expect((await ended.promise).code).toBe(Code.CANCELLED);
  });

  test('who has no token, or not the role, gets no further', async () => {
    const anonymous = await orders()
      .getOrder({ orderId: ID })
      .catch((thrown: unknown) => thrown);
    expect(anonymous).toMatchObject({ code: Code.UNAUTHENTICATED, reason: 'TOKEN_MISSING' });
    const customer = { authorization: `Bearer ${await rig.token('customer')}` };
    const products = [{ sku: 'A', unitPrice: { currencyCode: 'GBP', amountMinor: 1n } }];
    const denied = await catalog()
      .putProducts({ products }, { metadata: customer })
      .catch((thrown: unknown) => thrown);
    expect(denied).toMatchObject({ code: Code.PERMISSION_DENIED, reason: 'ROLE_MISSING' });
    expect(rig.order.calls).toEqual([]);
  });

  test('services that are not for the world are not there', async () => {
    const payments = createBareClient(PaymentService, { transport });
    const error = await payments
      .getPayment({ paymentId: ID }, { metadata })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: Code.UNIMPLEMENTED });
  });
});
