import type { OrderLine } from './order.ts';
import { refuse, type Violation } from './order-error.ts';

/** The currencies money can be asked in. Amounts are in minor units; the yen has none smaller than itself. */
const CURRENCIES: ReadonlySet<string> = new Set(['GBP', 'EUR', 'USD', 'CHF', 'JPY']);

/** The most one order may cost, in minor units. */
export const MAX_TOTAL_MINOR = 100_000_000n;

/** An amount in minor units of its currency. */
export interface Price {
  readonly currency: string;
  readonly amountMinor: bigint;
}

/** A line as it was asked for; `quote` is a price of the caller's own. */
export interface RequestedLine {
  readonly sku: string;
  readonly quantity: number;
  readonly quote: Price | undefined;
}

/** What is wrong with a currency, if anything. */
export function checkCurrency(field: string, currency: string): Violation[] {
  if (CURRENCIES.has(currency)) return [];
  return [{ field, reason: 'UNKNOWN_CURRENCY', description: `${currency} is not a currency we take` }];
}

/** Prices each line, as sent, by its quote or its product, and sums them up. Throws an OrderError that names every bad line. */
export function priceLines(
  lines: readonly RequestedLine[],
  currency: string,
  products: ReadonlyMap<string, Price>,
): { lines: OrderLine[]; totalMinor: bigint } {
  refuse(lines.flatMap((line, index) => checkLine(line, `lines[${index}]`, { currency, products })));
  const priced = lines.map(({ sku, quantity, quote }) => ({
    sku,
    quantity,
    unitPriceMinor: (quote ?? products.get(sku))?.amountMinor ?? 0n,
  }));
  const totalMinor = priced.reduce((sum, line) => sum + BigInt(line.quantity) * line.unitPriceMinor, 0n);
  if (totalMinor > MAX_TOTAL_MINOR) {
    const description = `the total of ${totalMinor} is over the limit of ${MAX_TOTAL_MINOR} minor units`;
    refuse([{ field: 'lines', reason: 'AMOUNT_OVER_LIMIT', description }]);
  }
  return { lines: priced, totalMinor };
}

function checkLine(
  { sku, quote }: RequestedLine,
  field: string,
  order: { currency: string; products: ReadonlyMap<string, Price> },
): Violation[] {
  const product = order.products.get(sku);
  if (!product) return [{ field: `${field}.sku`, reason: 'UNKNOWN_PRODUCT', description: 'no such product' }];
  const price = quote ?? product;
  if (price.currency === order.currency) return [];
  const where = quote ? `${field}.quoted_unit_price.currency_code` : `${field}.sku`;
  const description = `priced in ${price.currency}, the order is in ${order.currency}`;
  return [{ field: where, reason: 'CURRENCY_MISMATCH', description }];
}
