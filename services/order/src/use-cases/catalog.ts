import type { Caller } from '../domain/caller.ts';
import { refuse } from '../domain/order-error.ts';
import { checkCurrency } from '../domain/pricing.ts';
import { createCursors, toPage, type Page, type PageRequest } from './paging.ts';
import type { OrderDatabase, Product } from './ports.ts';

export interface Catalog {
  /** By SKU. */
  list(page: PageRequest, caller: Caller, signal: AbortSignal): Promise<Page<Product>>;
  /** All or none; known ones get the new price and stock. */
  put(products: readonly Product[], caller: Caller, signal: AbortSignal): Promise<void>;
}

/** What a tenant sells. */
export function createCatalog(db: OrderDatabase): Catalog {
  return {
    list: async ({ pageSize, pageToken }, { tenant }, signal) => {
      const cursors = createCursors(['ListProducts', tenant], 'page_token');
      const after = pageToken === '' ? '' : cursors.decode(pageToken);
      const page = { tenant, after, limit: pageSize + 1 };
      const found = await db.read(({ products }) => products.list(page), { signal });
      return toPage(found, pageSize, (last) => cursors.encode(last.sku));
    },
    put: async (products, { tenant }, signal) => {
      const seen = new Set<string>();
      refuse(
        products.flatMap(({ sku, price }, index) => {
          const at = `products[${index}]`;
          const again = seen.has(sku);
          seen.add(sku);
          const twice = { field: `${at}.sku`, reason: 'DUPLICATE_SKU', description: 'stands there twice' };
          return [
            ...(again ? [twice] : []),
            ...checkCurrency(`${at}.unit_price.currency_code`, price.currency),
          ];
        }),
      );
      await db.transaction((unit) => unit.products.put(tenant, products), { signal });
    },
  };
}
