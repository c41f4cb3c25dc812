import { asRows, handOut, sameMoment } from '@millrace/durable';
import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { Order } from '../domain/order.ts';
import type { OrderSchema } from '../migrations/schema.ts';
import type { Stock } from '../use-cases/ports.ts';

type Tx = Transaction<OrderSchema>;
type Line = { tenant: string; sku: string };

/** Everything holds its products in the order of their SKUs, so that no two transactions wait for each other. */
export function createStock(tx: Tx): Stock {
  return {
    reserve: (order) => reserve(tx, order),
    release: (order) => release(tx, order),
    take: (order) => take(tx, order),
    restock: (order) => restock(tx, order),
  };
}

/** In order of arrival. */
const reserve = sameMoment(async (tx: Tx, orders: readonly Order[]) => {
  const stock = await hold(tx, orders);
  const wishes = orders.map((order) => linesOf(order).map((line) => [nameOf(line), line.quantity] as const));
  const granted = handOut(wishes, stock);
  const served = orders.filter((_, at) => granted[at]);
  await update(tx, served, sql`reserved = reserved + quantity`);
  return granted;
});
const release = sameMoment(change(sql`reserved = reserved - quantity`));
const take = sameMoment(change(sql`on_hand = on_hand - quantity, reserved = reserved - quantity`));
const restock = sameMoment(change(sql`on_hand = on_hand + quantity`));

function change(set: RawBuilder<unknown>) {
  return async (tx: Tx, orders: readonly Order[]): Promise<void[]> => {
    await hold(tx, orders);
    return update(tx, orders, set);
  };
}

/** What is there of each product, until the transaction ends. */
async function hold(tx: Tx, orders: readonly Order[]): Promise<Map<string, bigint>> {
  const { rows } = await sql<Line & { available: bigint }>`
    SELECT tenant, sku, on_hand - reserved AS available FROM products
    WHERE (tenant, sku) IN (SELECT tenant, sku FROM ${asLines(orders)}) ORDER BY tenant, sku FOR UPDATE`.execute(
    tx,
  );
  return new Map(rows.map((row) => [nameOf(row), row.available]));
}

/** One change of each product, by the sum of all orders. */
async function update(tx: Tx, orders: readonly Order[], set: RawBuilder<unknown>): Promise<void[]> {
  await sql`UPDATE products AS product SET ${set}
    FROM (SELECT tenant, sku, sum(quantity)::bigint AS quantity FROM ${asLines(orders)} GROUP BY tenant, sku) AS wanted
    WHERE product.tenant = wanted.tenant AND product.sku = wanted.sku`.execute(tx);
  return [];
}

const nameOf = ({ tenant, sku }: Line) => JSON.stringify([tenant, sku]);
const linesOf = ({ tenant, lines }: Order) =>
  lines.map(({ sku, quantity }) => ({ tenant, sku, quantity: BigInt(quantity) }));
const asLines = (orders: readonly Order[]) =>
  asRows('line', orders.flatMap(linesOf), { tenant: 'text', sku: 'text', quantity: 'bigint' });
