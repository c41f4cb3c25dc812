import { sql, type Kysely, type Transaction } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';
import type { ProductReader, ProductWriter } from '../use-cases/ports.ts';
import { tables } from './tables.ts';

/** The catalog as it is read. */
export function createProductReader(db: Kysely<OrderSchema>): ProductReader {
  return {
    list: async ({ tenant, after, limit }) => {
      const query = tables(db).selectFrom('products').selectAll().where('tenant', '=', tenant);
      const rows = await query.where('sku', '>', after).orderBy('sku').limit(limit).execute();
      return rows.map(({ sku, description, currency, unitPriceMinor, onHand, reserved }) => {
        const price = { currency, amountMinor: unitPriceMinor };
        return { sku, description, price, available: onHand - reserved };
      });
    },
    prices: async (tenant, skus) => {
      const query = tables(db).selectFrom('products').select(['sku', 'currency', 'unitPriceMinor']);
      const wanted = sql<string>`any(${skus}::text[])`;
      const rows = await query.where('tenant', '=', tenant).where('sku', '=', wanted).execute();
      return new Map(
        rows.map(({ sku, currency, unitPriceMinor }) => [sku, { currency, amountMinor: unitPriceMinor }]),
      );
    },
  };
}

/** The catalog as it is written. */
export function createProductWriter(tx: Transaction<OrderSchema>): ProductWriter {
  return {
    ...createProductReader(tx),
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
          on_hand = excluded.on_hand + products.reserved`.execute(tx);
    },
  };
}
