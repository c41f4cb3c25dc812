import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OrderService } from '@millrace/contracts';
import { Code, createBareClient, createTransport, type Transport } from '@millrace/rpc';
import { startGateway, type GatewayRig } from './gateway-rig.ts';

const ORDER = { currencyCode: 'GBP', lines: [{ sku: 'MUG', quantity: 1 }] };
const TWO = { lines: [{ sku: 'MUG', quantity: 2 }] };

let rig: GatewayRig;
let transport: Transport;
beforeAll(async () => {
  rig = await startGateway();
  transport = createTransport({ address: rig.grpcAddress });
});
afterAll(async () => {
  await transport.close();
  await rig.stop();
});

/** The service answers when it is told to. */
function holdOrders() {
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  rig.order.handlers.placeOrder = async ({ idempotencyKey }) => {
    arrived.resolve();
    await released.promise;
    return { order: { id: idempotencyKey } };
  };
  return { arrived: arrived.promise, release: () => released.resolve() };
}

test('parallel duplicates reach the service once, through whichever door they come', async () => {
  const { arrived, release } = holdOrders();
  const token = await rig.token();
  const headers = { 'idempotency-key': 'key-1' };
  const byHttp = rig.send('POST', '/v1/orders', { body: ORDER, token, headers });
  await arrived;
  const { placeOrder } = createBareClient(OrderService, { transport });
  const metadata = { authorization: `Bearer ${token}` };
  const byGrpc = placeOrder({ ...ORDER, idempotencyKey: 'key-1' }, { metadata });
  // Sent after it on one connection: once this is refused, the other one waits.
  const another = placeOrder({ ...ORDER, ...TWO, idempotencyKey: 'key-1' }, { metadata });
  await expect(another).rejects.toMatchObject({
    code: Code.ALREADY_EXISTS,
    reason: 'IDEMPOTENCY_KEY_REUSED',
  });
  release();
  expect(await (await byHttp).json()).toMatchObject({ order: { id: 'key-1' } });
  expect(await byGrpc).toMatchObject({ order: { id: 'key-1' } });
  expect(rig.order.calls).toHaveLength(1);
});
