import { sql, type Books } from './books.ts';
import { count, finding, money, type Finding } from './finding.ts';

/** What the provider's ledger says of one order. */
interface Charge {
  orderId: string;
  currency: string;
  charged: bigint;
  refunded: bigint;
  charges: bigint;
}

/** An order of ours, as far as money is concerned. */
interface Sale {
  id: string;
  currency: string;
  status: string;
  total: bigint;
}

/** The provider's ledger by order. A charge for a payment that we know nothing of stands under its payment's id. */
async function readCharges({ payments }: Books): Promise<Charge[]> {
  return payments.rows(sql<Charge>`
    SELECT coalesce(p.order_id::text, 'payment ' || l.payment_id) AS "orderId", l.currency,
      coalesce(sum(l.amount_minor) FILTER (WHERE l.kind = 'capture'), 0)::bigint AS charged,
      coalesce(sum(l.amount_minor) FILTER (WHERE l.kind = 'refund'), 0)::bigint AS refunded,
      count(*) FILTER (WHERE l.kind = 'capture') AS charges
    FROM provider.ledger l LEFT JOIN payments p ON p.id::text = l.payment_id::text
    WHERE l.kind IN ('capture', 'refund') AND l.outcome = 'approved'
    GROUP BY 1, 2`);
}

function readSales({ orders }: Books): Promise<Sale[]> {
  return orders.rows(sql<Sale>`SELECT id, currency, status, total_minor AS total FROM orders`);
}

/** I2: at most one successful charge for an order, by the provider's own ledger. */
export async function oneCharge(books: Books): Promise<Finding> {
  const charges = await readCharges(books);
  const broken = charges
    .filter((charge) => charge.charges > 1n)
    .map(({ orderId, charges: n }) => `order ${orderId} was charged ${n} times`);
  return finding(broken, `${count(charges.filter((one) => one.charges === 1n).length)} orders charged once`);
}

/** I3: what was charged minus what was given back is the value of the confirmed orders, in all and for each order. */
export async function booksBalance(books: Books): Promise<Finding> {
  const [charges, sales] = await Promise.all([readCharges(books), readSales(books)]);
  const net = new Map(
    charges.map(({ orderId, currency, charged, refunded }) => [
      orderId,
      { currency, amount: charged - refunded },
    ]),
  );
  const totals = new Map<string, { net: bigint; sold: bigint }>();
  const add = (currency: string, netMinor: bigint, soldMinor: bigint) => {
    const known = totals.get(currency) ?? { net: 0n, sold: 0n };
    totals.set(currency, { net: known.net + netMinor, sold: known.sold + soldMinor });
  };
  const broken: string[] = [];
  for (const { id, currency, status, total } of sales) {
    const sold = status === 'CONFIRMED' ? total : 0n;
    const paid = net.get(id)?.amount ?? 0n;
    net.delete(id);
    add(currency, paid, sold);
    if (paid !== sold)
      broken.push(`order ${id}: ${money(paid, currency)} paid, ${money(sold, currency)} confirmed`);
  }
  for (const [id, { currency, amount }] of net) {
    add(currency, amount, 0n);
    if (amount !== 0n) broken.push(`${money(amount, currency)} paid for ${id}, which is no order`);
  }
  const lines = [...totals].map(([currency, { net: paid, sold }]) => {
    return `${money(paid, currency)} = ${money(sold, currency)}`;
  });
  return finding(broken, lines.join(', ') || 'no money moved');
}

/** I4: no order is both confirmed and refunded, and none that is confirmed has lost its payment. */
export async function neverConfirmedAndRefunded(books: Books): Promise<Finding> {
  const undone = await books.payments.rows(sql<{ orderId: string; how: string }>`
    SELECT p.order_id AS "orderId", min(l.kind) AS how
    FROM provider.ledger l JOIN payments p ON p.id::text = l.payment_id::text
    WHERE l.kind IN ('refund', 'void') AND l.outcome = 'approved' GROUP BY 1`);
  const sales = await readSales(books);
  const confirmed = new Set(sales.filter(({ status }) => status === 'CONFIRMED').map(({ id }) => id));
  const broken = undone
    .filter(({ orderId }) => confirmed.has(orderId))
    .map(({ orderId, how }) => `order ${orderId} is confirmed and has a ${how}`);
  return finding(broken, `${count(confirmed.size)} confirmed, ${count(undone.length)} given back, none both`);
}
