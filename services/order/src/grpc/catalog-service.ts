import { CatalogService } from '@millrace/contracts';
import { implement, type Implementation } from '@millrace/rpc';
import type { Catalog } from '../use-cases/catalog.ts';
import { callerOf } from './caller.ts';

/** Answers the catalog's calls. */
export function createCatalogService(catalog: Catalog): Implementation {
  return implement(CatalogService, {
    listProducts: async ({ pageSize, pageToken }, call) => {
      const page = { pageSize: pageSize || 50, pageToken };
      const { items, nextPageToken } = await catalog.list(page, callerOf(call), call.signal);
      const products = items.map(({ sku, description, price, available }) => {
        const unitPrice = { currencyCode: price.currency, amountMinor: price.amountMinor };
        return { sku, description, unitPrice, available };
      });
      return { products, nextPageToken };
    },
    putProducts: async ({ products }, call) => {
      const items = products.map(({ sku, description, unitPrice, available }) => {
        // The proto requires a price.
        const price = { currency: unitPrice?.currencyCode ?? '', amountMinor: unitPrice?.amountMinor ?? 0n };
        return { sku, description, price, available };
      });
      await catalog.put(items, callerOf(call), call.signal);
      return { count: items.length };
    },
  });
}
