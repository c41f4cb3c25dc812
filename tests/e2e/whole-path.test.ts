import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { OrderService, OrderStatus } from '@millrace/contracts';
import { createBareClient, createTransport, type Transport } from '@millrace/rpc';
import { send } from './support/http.ts';
import { ROOT } from './support/run.ts';
import { startScratchSystem, type ScratchSystem } from './support/scratch-system.ts';

// Whole systems start here; a busy machine needs its time.
jest.setTimeout(120_000);

let system: ScratchSystem;
let transport: Transport;
let token: string;
const clients = () => createBareClient(OrderService, { transport });
const metadata = () => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  system = await startScratchSystem();
  transport = createTransport({ address: system.addresses.grpc });
  token = await system.token('ada', 'customer');
});
afterAll(async () => {
  await transport?.close();
  await system?.stop();
  expect(system?.deaths).toEqual([]);
});

const order = (sku: string, quantity = 1) => ({ currencyCode: 'GBP', lines: [{ sku, quantity }] });
const place = (key: string, body: unknown) =>
  send(system, '/v1/orders', { token, body, headers: { 'idempotency-key': key } });

describe('an order goes its whole way', () => {
  test('by HTTP, with the example of the documentation', async () => {
    const body: unknown = JSON.parse(await readFile(join(ROOT, 'docs/examples/place-order.json'), 'utf8'));
    const first = await place('example', body);
    expect(first).toMatchObject({ status: 200, body: { order: { status: 'ORDER_STATUS_CONFIRMED' } } });
    expect(await place('example', body)).toEqual(first);
  });

  test('by gRPC, and the same key by HTTP gives the same order', async () => {
    const { order: placed } = await clients().placeOrder(
      { idempotencyKey: 'both-ways', ...order('TEAPOT', 2) },
      { metadata: metadata() },
    );
    expect(placed).toMatchObject({ status: OrderStatus.CONFIRMED, total: { amountMinor: 2550n } });
    const again = await place('both-ways', order('TEAPOT', 2));
    expect(again.body.order).toMatchObject({ id: placed?.id, sequence: String(placed?.sequence) });
  });

  test('on a stream, many at once, each with its own outcome', async () => {
    const skus = ['MUG', 'TEST-DECLINED', 'NO-SUCH-THING', 'CLOCK'];
    const requests = (async function* () {
      for (const [at, sku] of skus.entries())
        yield { correlationId: BigInt(at), order: { idempotencyKey: `stream-${at}`, ...order(sku) } };
    })();
    const results = new Map<string, string>();
    for await (const { correlationId, result } of clients().placeOrders(requests, { metadata: metadata() })) {
      const said = result.case === 'order' ? OrderStatus[result.value.status] : result.value?.message;
      results.set(skus[Number(correlationId)] ?? '', String(said));
    }
    expect(Object.fromEntries(results)).toEqual({
      MUG: 'CONFIRMED',
      'TEST-DECLINED': 'REJECTED',
      'NO-SUCH-THING': expect.stringMatching(/lines\[0\]\.sku/),
      CLOCK: 'CONFIRMED',
    });
  });

  test('to a decline, a shortage and a cancellation', async () => {
    const declined = await place('declined', order('TEST-DECLINED'));
    expect(declined.body.order).toMatchObject({
      status: 'ORDER_STATUS_REJECTED',
      statusReason: 'PAYMENT_DECLINED',
    });
    const short = await place('short', order('SCARCE', 4));
    expect(short.body.order).toMatchObject({ status: 'ORDER_STATUS_REJECTED', statusReason: 'OUT_OF_STOCK' });
    const placed = await place('regretted', order('BUNTING'));
    const path = `/v1/orders/${String(placed.body.order?.id)}`;
    const cancelled = await send(system, `${path}:cancel`, { token, body: {} });
    expect(cancelled.body.order).toMatchObject({ status: 'ORDER_STATUS_CANCELLED' });
    expect(await send(system, `${path}:cancel`, { token, body: {} })).toEqual(cancelled);
    expect((await send(system, path, { token })).body).toEqual(cancelled.body);
  });

  test('and is nobody else’s', async () => {
    const placed = await place('mine', order('MUG'));
    const stranger = await system.token('mallory', 'customer');
    const path = `/v1/orders/${String(placed.body.order?.id)}`;
    expect(await send(system, path, { token: stranger })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
    const list = await send(system, '/v1/orders', { token: stranger });
    expect(list.body.orders ?? []).toEqual([]);
  });
});

describe('a wrong request is refused in the same words on both ways', () => {
  test.each([
    ['a quantity of nothing', order('MUG', 0), 'lines[0].quantity'],
    ['an unknown product', order('NO-SUCH-THING'), 'lines[0].sku'],
    ['an unknown currency', { ...order('MUG'), currencyCode: 'XXX' }, 'currency_code'],
    ['no lines', { currencyCode: 'GBP', lines: [] }, 'lines'],
  ])('%s', async (name, body, field) => {
    const key = name.replaceAll(' ', '-');
    const answer = await place(key, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT', errors: [{ field }] } });
    const call = clients().placeOrder({ idempotencyKey: key, ...body }, { metadata: metadata() });
    await expect(call).rejects.toMatchObject({
      message: answer.body.detail,
      reason: answer.body.reason,
      details: [{ fieldViolations: [{ field }] }],
    });
  });

  test('a key used before for something else', async () => {
    await place('taken', order('MUG'));
    expect(await place('taken', order('CLOCK'))).toMatchObject({
      body: { code: 'ALREADY_EXISTS', reason: 'IDEMPOTENCY_KEY_REUSED' },
    });
  });
});
