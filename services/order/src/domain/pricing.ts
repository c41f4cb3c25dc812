import type { OrderLine } from './order.ts';
import { refuse, wrong, type Violation } from './order-error.ts';

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
  return CURRENCIES.has(currency)
    ? []
    : [wrong(field, 'UNKNOWN_CURRENCY', `${currency} is none that we take`)];
}

/** Prices each line, as sent, by its quote or its product, and sums them up. Throws an OrderError that names every bad line. */
export function priceLines(
  lines: readonly RequestedLine[],
  currency: string,
  products: ReadonlyMap<string, Price>,
): { lines: OrderLine[]; totalMinor: bigint } {
  const check = ({ sku, quote }: RequestedLine, index: number): Violation[] => {
    const at = `lines[${index}]`;
    const price = products.has(sku) ? (quote ?? products.get(sku)) : undefined;
    if (!price) return [wrong(`${at}.sku`, 'UNKNOWN_PRODUCT', 'no such product')];
    if (price.currency === currency) return [];
    const field = quote ? `${at}.quoted_unit_price.currency_code` : `${at}.sku`;
    return [wrong(field, 'CURRENCY_MISMATCH', `priced in ${price.currency}, the order is in ${currency}`)];
  };
  refuse(lines.flatMap(check));
  const priced = lines.map(({ sku, quantity, quote }) => {
    return { sku, quantity, unitPriceMinor: (quote ?? products.get(sku))?.amountMinor ?? 0n };
  });
  const totalMinor = priced.reduce((sum, line) => sum + BigInt(line.quantity) * line.unitPriceMinor, 0n);
  if (totalMinor > MAX_TOTAL_MINOR) {
    const limit = `the total of ${totalMinor} is over the limit of ${MAX_TOTAL_MINOR} minor units`;
    refuse([wrong('lines', 'AMOUNT_OVER_LIMIT', limit)]);
  }
  return { lines: priced, totalMinor };
}
