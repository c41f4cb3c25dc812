import { sql, type Kysely } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';
import type { Products } from '../use-cases/ports.ts';
import { tables } from './tables.ts';

/** The catalog. */
export function createProducts(db: Kysely<OrderSchema>): Products {
  const productsOf = (tenant: string) => tables(db).selectFrom('products').where('tenant', '=', tenant);
  return {
    list: async ({ tenant, after, limit }) => {
      const query = productsOf(tenant).selectAll().where('sku', '>', after).orderBy('sku').limit(limit);
      return (await query.execute()).map(
        ({ sku, description, currency, unitPriceMinor, onHand, reserved }) => {
          const price = { currency, amountMinor: unitPriceMinor };
          return { sku, description, price, available: onHand - reserved };
        },
      );
    },
    prices: async (tenant, skus) => {
      const query = productsOf(tenant).select(['sku', 'currency', 'unitPriceMinor as amountMinor']);
      const rows = await query.where('sku', '=', sql<string>`any(${skus}::text[])`).execute();
      return new Map(rows.map(({ sku, ...price }) => [sku, price]));
    },
    put: async (tenant, products) => {
      const skus = products.map(({ sku }) => sku);
      const descriptions = products.map(({ description }) => description);
      const currencies = products.map(({ price }) => price.currency);
      const prices = products.map(({ price }) => price.amountMinor);
      const available = products.map((product) => product.available);
      // In the order of the SKUs, as everything that changes products: see stock.ts.
      await sql`
        INSERT INTO products (tenant, sku, description, currency, unit_price_minor, on_hand)
        SELECT ${tenant}, product.* FROM unnest(
          ${skus}::text[], ${descriptions}::text[], ${currencies}::text[], ${prices}::bigint[], ${available}::bigint[]
        ) AS product (sku, description, currency, price, available)
        ORDER BY sku
        ON CONFLICT (tenant, sku) DO UPDATE SET
          description = excluded.description,
          currency = excluded.currency,
          unit_price_minor = excluded.unit_price_minor,
          on_hand = excluded.on_hand + products.reserved`.execute(db);
    },
  };
}
