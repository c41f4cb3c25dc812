import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Code, fieldViolations, RpcError } from '@millrace/rpc';
import { sql } from 'kysely';
import { anOrder, startRig, type Rig, type Shop } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

async function failureOf(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error('the call went well');
}

const gbp = (amountMinor: bigint) => ({ currencyCode: 'GBP', amountMinor });
const line = (change: object) => ({ ...anOrder(), lines: [{ sku: 'MUG', quantity: 1, ...change }] });

type Case = readonly [what: string, call: (shop: Shop) => Promise<unknown>, field: string];

const CASES: readonly Case[] = [
  ['no key', ({ orders }) => orders.placeOrder(anOrder({ MUG: 1 }, '')), 'idempotency_key'],
  [
    'a key that is too long',
    ({ orders }) => orders.placeOrder(anOrder({ MUG: 1 }, 'x'.repeat(129))),
    'idempotency_key',
  ],
  [
    'a key with a zero byte',
    ({ orders }) => orders.placeOrder(anOrder({ MUG: 1 }, 'x\0')),
    'idempotency_key',
  ],
  [
    'a key with a space',
    ({ orders }) => orders.placeOrder(anOrder({ MUG: 1 }, 'two words')),
    'idempotency_key',
  ],
  ['no lines', ({ orders }) => orders.placeOrder(anOrder({})), 'lines'],
  ['no currency', ({ orders }) => orders.placeOrder({ ...anOrder(), currencyCode: '' }), 'currency_code'],
  [
    'a currency in small letters',
    ({ orders }) => orders.placeOrder({ ...anOrder(), currencyCode: 'gbp' }),
    'currency_code',
  ],
  [
    'an unknown currency',
    ({ orders }) => orders.placeOrder({ ...anOrder(), currencyCode: 'XXX' }),
    'currency_code',
  ],
  ['a quantity of zero', ({ orders }) => orders.placeOrder(line({ quantity: 0 })), 'lines[0].quantity'],
  ['a negative quantity', ({ orders }) => orders.placeOrder(line({ quantity: -1 })), 'lines[0].quantity'],
  ['no SKU', ({ orders }) => orders.placeOrder(line({ sku: '' })), 'lines[0].sku'],
  ['a SKU with a zero byte', ({ orders }) => orders.placeOrder(line({ sku: 'MUG\0' })), 'lines[0].sku'],
  ['an unknown SKU', ({ orders }) => orders.placeOrder(line({ sku: 'NOPE' })), 'lines[0].sku'],
  [
    'a product in another currency',
    ({ orders }) => orders.placeOrder({ ...anOrder(), currencyCode: 'EUR' }),
    'lines[0].sku',
  ],
  [
    'a negative quote',
    ({ orders }) => orders.placeOrder(line({ quotedUnitPrice: gbp(-1n) })),
    'lines[0].quoted_unit_price.amount_minor',
  ],
  ['an amount over the limit', ({ orders }) => orders.placeOrder(anOrder({ CLOCK: 50_000 })), 'lines'],
  [
    'a customer id that is too long',
    ({ orders }) => orders.placeOrder({ ...anOrder(), customerId: 'x'.repeat(129) }),
    'customer_id',
  ],
  ['an order id that is none', ({ orders }) => orders.getOrder({ orderId: 'order-1' }), 'order_id'],
  ['no order id', ({ orders }) => orders.cancelOrder({}), 'order_id'],
  ['a negative page size', ({ orders }) => orders.listOrders({ pageSize: -1 }), 'page_size'],
  ['a page that is too large', ({ orders }) => orders.listOrders({ pageSize: 201 }), 'page_size'],
  ['a broken page token', ({ orders }) => orders.listOrders({ pageToken: 'broken' }), 'page_token'],
  ['a page token with a zero byte', ({ orders }) => orders.listOrders({ pageToken: '\0' }), 'page_token'],
  ['an unknown status', ({ orders }) => orders.listOrders({ status: 99 as never }), 'status'],
  [
    'a negative price',
    ({ catalog }) => catalog.putProducts({ products: [{ sku: 'A', unitPrice: gbp(-1n) }] }),
    'products[0].unit_price.amount_minor',
  ],
  ['no price', ({ catalog }) => catalog.putProducts({ products: [{ sku: 'A' }] }), 'products[0].unit_price'],
  [
    'negative stock',
    ({ catalog }) => catalog.putProducts({ products: [{ sku: 'A', unitPrice: gbp(1n), available: -1n }] }),
    'products[0].available',
  ],
  ['no products', ({ catalog }) => catalog.putProducts({ products: [] }), 'products'],
  [
    'a bad cursor',
    async ({ orders }) => orders.watchOrders({ cursor: 'bad' })[Symbol.asyncIterator]().next(),
    'cursor',
  ],
];

test.each(CASES)('%s is refused by naming the field, and leaves nothing behind', async (_, call, field) => {
  const error = await failureOf(call(rig.as({ roles: ['admin'] })));
  expect(error.code).toBe(Code.INVALID_ARGUMENT);
  expect(fieldViolations(error)).toEqual([
    expect.objectContaining({ field, description: expect.any(String) }),
  ]);
  const { rows } = await rig.db.read((db) =>
    sql<{ found: bigint }>`
      SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM operations) + (SELECT count(*) FROM outbox)
        + (SELECT count(*) FROM saga) AS found`.execute(db),
  );
  expect(rows[0]?.found).toBe(0n);
});

describe('a customer may not', () => {
  test.each([
    ['quote a price', line({ quotedUnitPrice: gbp(1n) }), 'QUOTE_NOT_ALLOWED', 'lines[0].quoted_unit_price'],
    ['buy for somebody else', { ...anOrder(), customerId: 'grace' }, 'CUSTOMER_MISMATCH', 'customer_id'],
  ])('%s', async (_, request, reason, field) => {
    const error = await failureOf(rig.as().orders.placeOrder(request));
    expect(error).toMatchObject({ code: Code.PERMISSION_DENIED, reason });
    expect(fieldViolations(error)).toEqual([expect.objectContaining({ field })]);
  });
});

test('a caller without a role is refused', async () => {
  const { orders } = rig.as({ roles: ['stranger'] });
  expect(await failureOf(orders.getOrder({ orderId: randomUUID() }))).toMatchObject({
    code: Code.PERMISSION_DENIED,
  });
});

test('a thousand bad lines are answered with the first of them', async () => {
  const lines = Array.from({ length: 1000 }, () => ({ sku: 'NOPE', quantity: 1 }));
  const error = await failureOf(rig.as().orders.placeOrder({ ...anOrder(), lines }));
  expect(error.reason).toBe('UNKNOWN_PRODUCT');
  expect(fieldViolations(error)).toHaveLength(20);
});

test('texts of all kinds are taken as they are', async () => {
  const key = `';DROP/**/TABLE/**/orders;--{"\\🫖`;
  const { orders } = rig.as({ subject: `o'brien/"ада"` });
  const first = await orders.placeOrder(anOrder({ MUG: 1 }, key));
  expect(await orders.placeOrder(anOrder({ MUG: 1 }, key))).toEqual(first);
  expect(first.order?.customerId).toBe(`o'brien/"ада"`);
});
