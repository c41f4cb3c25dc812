import { asRows, sameMoment } from '@millrace/durable';
import { sql, type Kysely } from 'kysely';
import type { Price } from '../domain/pricing.ts';
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
    prices: (tenant, skus) => prices(db, { tenant, skus }),
    put: async (tenant, products) => {
      const rows = products.map(({ price, ...product }) => ({ ...product, ...price }));
      const text = { sku: 'text', description: 'text', currency: 'text' };
      const fresh = asRows('fresh', rows, { ...text, amountMinor: 'bigint', available: 'bigint' });
      // In the order of the SKUs, as everything that changes products: see stock.ts.
      await sql`
        INSERT INTO products (tenant, sku, description, currency, unit_price_minor, on_hand)
        SELECT ${tenant}, sku, description, currency, "amountMinor", available FROM ${fresh} ORDER BY sku
        ON CONFLICT (tenant, sku) DO UPDATE SET
          description = excluded.description, currency = excluded.currency,
          unit_price_minor = excluded.unit_price_minor, on_hand = excluded.on_hand + products.reserved`.execute(
        db,
      );
    },
  };
}

const prices = sameMoment(
  async (db: Kysely<OrderSchema>, asked: readonly { tenant: string; skus: readonly string[] }[]) => {
    const wanted = asked.flatMap(({ tenant, skus }, by) => skus.map((sku) => ({ by, tenant, sku })));
    const rows = asRows('wanted', wanted, { by: 'integer', tenant: 'text', sku: 'text' });
    const { rows: found } = await sql<Price & { by: number; sku: string }>`
    SELECT by, sku, currency, unit_price_minor AS "amountMinor"
    FROM products JOIN ${rows} USING (tenant, sku)`.execute(db);
    const pricesBy = Map.groupBy(found, ({ by }) => by);
    return asked.map((_, by) => new Map<string, Price>(pricesBy.get(by)?.map((price) => [price.sku, price])));
  },
);
