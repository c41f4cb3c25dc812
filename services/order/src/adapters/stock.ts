import { asRows, sameMoment } from '@millrace/durable';
import { sql, type RawBuilder, type Transaction } from 'kysely';
import { handOut, type Order } from '../domain/order.ts';
import type { OrderSchema } from '../migrations/schema.ts';
import type { Stock } from '../use-cases/ports.ts';

type Tx = Transaction<OrderSchema>;

/** Everything holds its products in the order of their SKUs, so that no two transactions wait for each other. */
export function createStock(tx: Tx): Stock {
  return {
    reserve: (order) => reserve(tx, order),
    release: (order) => release(tx, order),
    take: (order) => take(tx, order),
    restock: (order) => restock(tx, order),
  };
}

const reserve = sameMoment(async (tx: Tx, orders: readonly Order[]) => {
  const { rows } = await sql<{ tenant: string; sku: string; available: bigint }>`
    SELECT tenant, sku, on_hand - reserved AS available FROM products
    WHERE (tenant, sku) IN (SELECT tenant, sku FROM ${linesOf(orders)}) ORDER BY tenant, sku FOR UPDATE`.execute(
    tx,
  );
  const granted = handOut(orders, rows);
  await change(sql`reserved = reserved + wanted.quantity`)(
    tx,
    orders.filter((order) => granted.has(order)),
  );
  return orders.map((order) => granted.has(order));
});
const release = sameMoment(change(sql`reserved = reserved - wanted.quantity`));
const take = sameMoment(
  change(sql`on_hand = on_hand - wanted.quantity, reserved = reserved - wanted.quantity`),
);
const restock = sameMoment(change(sql`on_hand = on_hand + wanted.quantity`));

/** One change of each product, by the sum of all orders. */
function change(set: RawBuilder<unknown>) {
  return async (tx: Tx, orders: readonly Order[]): Promise<void[]> => {
    await sql`
      WITH wanted AS (
        SELECT tenant, sku, sum(quantity)::bigint AS quantity FROM ${linesOf(orders)} GROUP BY tenant, sku
      ), held AS (
        SELECT tenant, sku FROM products WHERE (tenant, sku) IN (SELECT tenant, sku FROM wanted)
        ORDER BY tenant, sku FOR UPDATE
      )
      UPDATE products AS product SET ${set} FROM wanted JOIN held USING (tenant, sku)
      WHERE product.tenant = wanted.tenant AND product.sku = wanted.sku`.execute(tx);
    return [];
  };
}

function linesOf(orders: readonly Order[]): RawBuilder<unknown> {
  const lines = orders.flatMap(({ tenant, lines }) => lines.map((line) => ({ ...line, tenant })));
  return asRows('line', lines, { tenant: 'text', sku: 'text', quantity: 'bigint' });
}
