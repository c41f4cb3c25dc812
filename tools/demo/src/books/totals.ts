import { sql, type Books } from './books.ts';

/** The run in numbers, by the databases. Money in minor units by currency. */
export interface Totals {
  orders: bigint;
  confirmed: bigint;
  declined: bigint;
  outOfStock: bigint;
  cancelled: bigint;
  other: bigint;
  money: readonly { currency: string; charged: bigint; refunded: bigint; confirmed: bigint }[];
}

type Counts = Omit<Totals, 'money'>;

export async function readTotals({ orders, payments }: Books): Promise<Totals> {
  const [counts] = await orders.rows(sql<Counts>`
    SELECT count(*) AS orders,
      count(*) FILTER (WHERE status = 'CONFIRMED') AS confirmed,
      count(*) FILTER (WHERE status = 'REJECTED' AND status_reason <> 'OUT_OF_STOCK') AS declined,
      count(*) FILTER (WHERE status = 'REJECTED' AND status_reason = 'OUT_OF_STOCK') AS "outOfStock",
      count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled,
      count(*) FILTER (WHERE status NOT IN ('CONFIRMED', 'REJECTED', 'CANCELLED')) AS other
    FROM orders`);
  const moved = await payments.rows(sql<{ currency: string; charged: bigint; refunded: bigint }>`
    SELECT currency,
      coalesce(sum(amount_minor) FILTER (WHERE kind = 'capture'), 0)::bigint AS charged,
      coalesce(sum(amount_minor) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded
    FROM provider.ledger WHERE outcome = 'approved' AND currency IS NOT NULL GROUP BY 1 ORDER BY 1`);
  const sold = await orders.rows(sql<{ currency: string; confirmed: bigint }>`
    SELECT currency, sum(total_minor)::bigint AS confirmed FROM orders WHERE status = 'CONFIRMED' GROUP BY 1`);
  const soldIn = new Map(sold.map(({ currency, confirmed }) => [currency, confirmed]));
  const money = moved.map((row) => ({ ...row, confirmed: soldIn.get(row.currency) ?? 0n }));
  return { ...(counts as Counts), money };
}
