import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { OrderStatus } from '@millrace/contracts';
import { Code } from '@millrace/rpc';
import { anOrder, read, startRig, type Rig, type Shop } from './support/rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

async function place(shop: Shop, sku = 'MUG') {
  return read(await shop.orders.placeOrder(anOrder({ [sku]: 1 })));
}

describe('an order', () => {
  test('is read as it was placed', async () => {
    const shop = rig.as();
    const { state: _state, ...placed } = await place(shop);
    expect((await shop.orders.getOrder({ orderId: placed.id.toUpperCase() })).order).toEqual(placed);
  });

  test('of another customer or another tenant is not found', async () => {
    const { id: orderId } = await place(rig.as());
    const notFound = { code: Code.NOT_FOUND, reason: 'ORDER_NOT_FOUND', message: 'no such order' };
    await expect(rig.as().orders.getOrder({ orderId })).rejects.toMatchObject(notFound);
    const outsider = rig.as({ roles: ['admin'], tenant: 'acme' });
    await expect(outsider.orders.getOrder({ orderId })).rejects.toMatchObject(notFound);
    await expect(rig.as().orders.getOrder({ orderId: randomUUID() })).rejects.toMatchObject(notFound);
    const importer = rig.as({ roles: ['importer'] });
    expect((await importer.orders.getOrder({ orderId })).order?.id).toBe(orderId);
  });
});

describe('a list of orders', () => {
  test('comes in pages, newest first, and ends', async () => {
    const shop = rig.as();
    const placed: string[] = [];
    for (let count = 0; count < 5; count += 1) placed.unshift((await place(shop)).id);
    const first = await shop.orders.listOrders({ pageSize: 2 });
    await place(shop);
    const second = await shop.orders.listOrders({ pageSize: 2, pageToken: first.nextPageToken });
    const third = await shop.orders.listOrders({ pageSize: 2, pageToken: second.nextPageToken });
    expect([first, second, third].map(({ orders }) => orders.map(({ id }) => id))).toEqual([
      placed.slice(0, 2),
      placed.slice(2, 4),
      placed.slice(4),
    ]);
    expect(third.nextPageToken).toBe('');
  });

  test('can be of one status', async () => {
    const shop = rig.as();
    const { id: orderId } = await place(shop);
    await place(shop);
    await shop.orders.cancelOrder({ orderId });
    const { orders } = await shop.orders.listOrders({ status: OrderStatus.CANCELLED });
    expect(orders.map(({ id }) => id)).toEqual([orderId]);
  });

  test("holds a customer's own orders, and all of the tenant for an admin", async () => {
    const [ada, grace] = [rig.as(), rig.as()];
    const [mine, hers] = [await place(ada), await place(grace)];
    const idsOf = async (shop: Shop) =>
      (await shop.orders.listOrders({ pageSize: 200 })).orders.map(({ id }) => id);
    expect(await idsOf(ada)).toEqual([mine.id]);
    expect(await idsOf(rig.as({ roles: ['admin'] }))).toEqual(expect.arrayContaining([mine.id, hers.id]));
    expect(await idsOf(rig.as({ roles: ['admin'], tenant: 'acme' }))).toEqual([]);
  });

  test('refuses a page token of another caller, tenant or query, and a broken one', async () => {
    const subject = randomUUID();
    const shop = rig.as({ subject });
    for (let count = 0; count < 2; count += 1) await place(shop);
    const { nextPageToken: pageToken } = await shop.orders.listOrders({ pageSize: 1 });
    const refusal = { code: Code.INVALID_ARGUMENT, reason: 'INVALID_PAGE_TOKEN' };
    const outsider = rig.as({ subject, tenant: 'acme' });
    await expect(rig.as().orders.listOrders({ pageToken })).rejects.toMatchObject(refusal);
    await expect(outsider.orders.listOrders({ pageToken })).rejects.toMatchObject(refusal);
    await expect(shop.orders.listOrders({ pageToken, status: OrderStatus.PLACED })).rejects.toMatchObject(
      refusal,
    );
    await expect(shop.orders.listOrders({ pageToken: `${pageToken}x` })).rejects.toMatchObject(refusal);
    expect((await shop.orders.listOrders({ pageSize: 5, pageToken })).orders).toHaveLength(1);
  });
});

describe('the catalog', () => {
  const gbp = (amountMinor: bigint) => ({ currencyCode: 'GBP', amountMinor });

  test('lists what there is in pages', async () => {
    const { catalog } = rig.as();
    const skus: string[] = [];
    let pageToken = '';
    do {
      const page = await catalog.listProducts({ pageSize: 5, pageToken });
      skus.push(...page.products.map(({ sku }) => sku));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(skus).toHaveLength(14);
    expect(skus).toEqual(expect.arrayContaining(['LANTERN', 'SCARCE', 'TEST-TIMEOUT']));
  });

  test('takes new products and changes known ones; what is under way stays reserved', async () => {
    const tenant = randomUUID();
    const shop = rig.as({ roles: ['importer'], tenant });
    const product = { sku: 'Ünïcode "quoted" 🫖', description: 'Tea', unitPrice: gbp(5n), available: 7n };
    expect(await shop.catalog.putProducts({ products: [product] })).toMatchObject({ count: 1 });
    await place(shop, product.sku);
    expect((await shop.catalog.listProducts({})).products).toMatchObject([{ ...product, available: 6n }]);
    await shop.catalog.putProducts({ products: [{ ...product, unitPrice: gbp(6n), available: 20n }] });
    expect((await shop.catalog.listProducts({})).products).toMatchObject([
      { unitPrice: gbp(6n), available: 20n },
    ]);
  });

  test('of one tenant is nothing to another', async () => {
    const tenant = randomUUID();
    expect((await rig.as({ tenant }).catalog.listProducts({})).products).toEqual([]);
    await expect(rig.as({ tenant }).orders.placeOrder(anOrder())).rejects.toMatchObject({
      reason: 'UNKNOWN_PRODUCT',
    });
  });

  test('takes all products or none', async () => {
    const tenant = randomUUID();
    const { catalog } = rig.as({ roles: ['admin'], tenant });
    const good = { sku: 'GOOD', unitPrice: gbp(5n), available: 1n };
    const bad = { sku: 'BAD', unitPrice: { currencyCode: 'XXX', amountMinor: 5n }, available: 1n };
    await expect(catalog.putProducts({ products: [good, bad] })).rejects.toMatchObject({
      code: Code.INVALID_ARGUMENT,
      reason: 'UNKNOWN_CURRENCY',
      details: [{ fieldViolations: [{ field: 'products[1].unit_price.currency_code' }] }],
    });
    await expect(catalog.putProducts({ products: [good, good] })).rejects.toMatchObject({
      details: [{ fieldViolations: [{ field: 'products[1].sku' }] }],
    });
    expect((await catalog.listProducts({})).products).toEqual([]);
  });

  test('is not for customers to change', async () => {
    const products = [{ sku: 'MINE', unitPrice: gbp(0n), available: 1n }];
    await expect(rig.as().catalog.putProducts({ products })).rejects.toMatchObject({
      code: Code.PERMISSION_DENIED,
    });
  });
});
