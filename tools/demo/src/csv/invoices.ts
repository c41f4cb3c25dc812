import type { BadRow, OrderRow } from './parse-row.ts';

/** All usable lines of one invoice. */
export interface Invoice {
  readonly number: string;
  readonly isReturn: boolean;
  /** Who bought; a guest has the invoice's own name. */
  readonly customer: string;
  readonly rows: readonly OrderRow[];
  /** How many of its lines could not be used. */
  readonly badRows: number;
}

/** What one pass over the file tells before any order is placed. */
export interface Catalogue {
  /** By SKU: the first usable price of a sale, and how many pieces are sold in all. */
  readonly products: ReadonlyMap<string, { description: string; unitPriceMinor: bigint; sold: number }>;
  /** By invoice number: the line after which nothing of it follows. */
  readonly lastLines: ReadonlyMap<string, number>;
  /** Invoices with at least one usable line. */
  readonly usable: number;
  readonly rows: number;
}

const isBad = (row: OrderRow | BadRow): row is BadRow => 'reason' in row;

/** The first pass: keeps one entry a product and one an invoice, not the lines. */
export async function readCatalogue(rows: AsyncIterable<OrderRow | BadRow>): Promise<Catalogue> {
  const products = new Map<string, { description: string; unitPriceMinor: bigint; sold: number }>();
  const lastLines = new Map<string, number>();
  const usable = new Set<string>();
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (row.invoice !== undefined) lastLines.set(row.invoice, row.line);
    if (isBad(row)) continue;
    usable.add(row.invoice);
    if (row.isReturn) continue;
    const known = products.get(row.sku);
    if (known) known.sold += row.quantity;
    else {
      const { description, unitPriceMinor, quantity: sold } = row;
      products.set(row.sku, { description, unitPriceMinor, sold });
    }
  }
  return { products, lastLines, usable: usable.size, rows: count };
}

/**
 * The second pass: each invoice as soon as its last line was read, whether its lines stand together or not. Only open
 * invoices are in memory. Bad lines, and lines of another customer than the invoice's first, go to `onBad`.
 */
export async function* readInvoices(
  rows: AsyncIterable<OrderRow | BadRow>,
  lastLines: ReadonlyMap<string, number>,
  onBad: (row: BadRow) => void,
): AsyncGenerator<Invoice> {
  const open = new Map<string, { rows: OrderRow[]; badRows: number }>();
  for await (const row of rows) {
    const number = row.invoice;
    const invoice = open.get(number ?? '') ?? { rows: [], badRows: 0 };
    const bad = isBad(row) ? row : otherCustomer(row, invoice.rows[0]);
    if (bad) {
      invoice.badRows += 1;
      onBad(bad);
    } else if (!isBad(row)) invoice.rows.push(row);
    if (number === undefined) continue;
    open.set(number, invoice);
    if (lastLines.get(number) !== row.line) continue;
    open.delete(number);
    const [first] = invoice.rows;
    if (!first) continue;
    const customer = first.customer ?? `guest-${first.invoice}`;
    yield { number: first.invoice, isReturn: first.isReturn, customer, ...invoice };
  }
}

function otherCustomer(row: OrderRow, first: OrderRow | undefined): BadRow | undefined {
  if (!first || first.customer === row.customer) return undefined;
  const { line, invoice } = row;
  const text = `${invoice}: ${row.customer ?? '(guest)'} instead of ${first.customer ?? '(guest)'}`;
  return { line, invoice, text, reason: "another customer than the invoice's first line" };
}
