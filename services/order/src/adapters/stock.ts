import { sql, type RawBuilder, type Transaction } from 'kysely';
import type { Order } from '../domain/order.ts';
import type { OrderSchema } from '../migrations/schema.ts';
import type { Stock } from '../use-cases/ports.ts';

/** Each is one statement that holds its products in the order of their SKUs, so that no two orders wait for each other. */
export function createStock(tx: Transaction<OrderSchema>): Stock {
  const change = (order: Order, set: RawBuilder<unknown>, condition = sql`true`) =>
    sql`
      WITH wanted AS (
        SELECT sku, sum(quantity)::bigint AS quantity
        FROM unnest(${order.lines.map(({ sku }) => sku)}::text[],
                    ${order.lines.map(({ quantity }) => quantity)}::bigint[]) AS line (sku, quantity)
        GROUP BY sku
      ), held AS (
        SELECT sku, on_hand - reserved AS available
        FROM products
        WHERE tenant = ${order.tenant} AND sku IN (SELECT sku FROM wanted)
        ORDER BY sku
        FOR UPDATE
      )
      UPDATE products AS product SET ${set}
      FROM wanted JOIN held USING (sku)
      WHERE product.tenant = ${order.tenant} AND product.sku = wanted.sku AND ${condition}
      RETURNING product.sku`.execute(tx);

  const enough = sql`NOT EXISTS (
    SELECT FROM wanted LEFT JOIN held USING (sku)
    WHERE held.available IS NULL OR held.available < wanted.quantity)`;

  return {
    reserve: async (order) => {
      const { rows } = await change(order, sql`reserved = reserved + wanted.quantity`, enough);
      return rows.length > 0;
    },
    release: (order) => change(order, sql`reserved = reserved - wanted.quantity`),
    take: (order) =>
      change(order, sql`on_hand = on_hand - wanted.quantity, reserved = reserved - wanted.quantity`),
    restock: (order) => change(order, sql`on_hand = on_hand + wanted.quantity`),
  };
}
