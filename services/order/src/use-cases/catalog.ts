import type { Caller } from '../domain/caller.ts';
import { refuse, wrong } from '../domain/order-error.ts';
import { checkCurrency } from '../domain/pricing.ts';
import { createCursors, toPage, type Page, type PageRequest } from './paging.ts';
import type { OrderDatabase, Product } from './ports.ts';

export type Catalog = ReturnType<typeof createCatalog>;

/** What a tenant sells. */
export function createCatalog(db: OrderDatabase) {
  return {
    /** By SKU. */
    list: async (request: PageRequest, { tenant }: Caller, signal: AbortSignal): Promise<Page<Product>> => {
      const { pageSize, pageToken } = request;
      const cursors = createCursors(['ListProducts', tenant], 'page_token');
      const after = pageToken === '' ? '' : cursors.decode(pageToken);
      const page = { tenant, after, limit: pageSize + 1 };
      const found = await db.read(({ products }) => products.list(page), { signal });
      return toPage(found, pageSize, (last) => cursors.encode(last.sku));
    },
    /** All or none; known ones get the new price and stock. */
    put: async (products: readonly Product[], { tenant }: Caller, signal: AbortSignal): Promise<void> => {
      refuse(
        products.flatMap(({ price }, index) =>
          checkCurrency(`products[${index}].unit_price.currency_code`, price.currency),
        ),
      );
      const isRepeated = (sku: string, index: number) => products.findIndex((one) => one.sku === sku) < index;
      const twice = products.flatMap(({ sku }, index) => (isRepeated(sku, index) ? [index] : []));
      refuse(twice.map((index) => wrong(`products[${index}].sku`, 'DUPLICATE_SKU', 'stands there twice')));
      await db.transaction((unit) => unit.products.put(tenant, products), { signal });
    },
  };
}
