import { createHash } from 'node:crypto';
import type { Invoice } from './invoices.ts';

/** What each customer has bought and not given back, by the exact lines bought. */
export interface Purchases {
  bought(invoice: Invoice, orderId: string): void;
  /** Takes out and returns the last order whose lines are exactly the ones given back; undefined when there is none. */
  takeMatching(invoice: Invoice): string | undefined;
}

/** Same lines in any order, same signature: stock codes, quantities and prices; equal products are summed by price. */
function signature({ customer, rows }: Invoice): string {
  const quantities = new Map<string, number>();
  for (const { sku, unitPriceMinor, quantity } of rows) {
    const line = JSON.stringify([sku, String(unitPriceMinor)]);
    quantities.set(line, (quantities.get(line) ?? 0) + quantity);
  }
  const lines = [...quantities].map(([line, quantity]) => `${line}x${quantity}`).sort();
  return createHash('sha256')
    .update(JSON.stringify([customer, lines]))
    .digest('base64');
}

/** Keeps a hash and an id an order. */
export function createPurchases(): Purchases {
  const orders = new Map<string, string[]>();
  return {
    bought(invoice, orderId) {
      const key = signature(invoice);
      orders.set(key, [...(orders.get(key) ?? []), orderId]);
    },
    takeMatching: (invoice) => orders.get(signature(invoice))?.pop(),
  };
}
