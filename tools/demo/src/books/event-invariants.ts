import { sql, type Books, type Ledger } from './books.ts';
import { count, finding, type Finding } from './finding.ts';

interface Gap {
  topic: string;
  aggregateId: string;
  events: bigint;
  last: bigint;
}

/** Sequences of one database's outbox that do not run 1, 2, 3 ... to their last. */
async function gaps(ledger: Ledger): Promise<string[]> {
  const rows = await ledger.rows(sql<Gap>`
    SELECT topic, aggregate_id AS "aggregateId", count(*) AS events, max(sequence) AS last FROM outbox
    GROUP BY 1, 2 HAVING count(*) <> max(sequence) OR count(DISTINCT sequence) <> count(*) OR min(sequence) <> 1`);
  return rows.map(({ topic, aggregateId, events, last }) => {
    return `${topic} ${aggregateId} has ${events} events up to sequence ${last}`;
  });
}

/** Events that are committed and not on the bus. */
async function unpublished(ledger: Ledger, name: string): Promise<string[]> {
  const [row] = await ledger.rows(sql<{ left: bigint }>`
    SELECT count(*) AS left FROM outbox
    WHERE position IS NULL OR position > (SELECT coalesce(max(published), 0) FROM outbox_relay)`);
  return row && row.left > 0n ? [`${row.left} events of ${name} are not published`] : [];
}

/** Orders whose events or payment do not say what the order says. */
async function effects({ orders, payments }: Books): Promise<string[]> {
  const behind = await orders.rows(sql<{ id: string; sequence: bigint; events: bigint }>`
    SELECT o.id, o.sequence, count(e.id) AS events
    FROM orders o LEFT JOIN outbox e ON e.topic = 'orders' AND e.aggregate_id = o.id::text
    GROUP BY o.id HAVING count(e.id) <> o.sequence`);
  const known = await orders.rows(
    sql<{ id: string; status: string | null }>`SELECT id, payment_status AS status FROM orders`,
  );
  const statusOf = new Map(known.map(({ id, status }) => [id, status]));
  const paid = await payments.rows(
    sql<{
      orderId: string;
      status: string;
    }>`SELECT order_id AS "orderId", upper(status) AS status FROM payments`,
  );
  const [sent] = await payments.rows(sql<{ n: bigint }>`SELECT count(*) AS n FROM outbox`);
  const [handled] = await orders.rows(
    sql<{ n: bigint }>`SELECT count(*) AS n FROM inbox WHERE consumer_group = 'order'`,
  );
  return [
    ...behind.map(({ id, sequence, events }) => `order ${id} is at ${sequence} and has ${events} events`),
    ...paid
      .filter(({ orderId, status }) => statusOf.has(orderId) && statusOf.get(orderId) !== status)
      .map(({ orderId, status }) => `order ${orderId} believes ${statusOf.get(orderId)}, not ${status}`),
    ...(sent?.n === handled?.n ? [] : [`${sent?.n} payment events were sent and ${handled?.n} took effect`]),
  ];
}

/** I6: every committed event is delivered, its effect happens once, and the sequence of an order has no gap. */
export async function everyEventArrives(books: Books): Promise<Finding> {
  const { orders, payments } = books;
  const broken = await Promise.all([
    gaps(orders),
    gaps(payments),
    unpublished(orders, 'orders'),
    unpublished(payments, 'payments'),
    effects(books),
  ]);
  const [events] = await orders.rows(sql<{ n: bigint }>`SELECT count(*) AS n FROM outbox`);
  const [effect] = await payments.rows(sql<{ n: bigint }>`SELECT count(*) AS n FROM outbox`);
  return finding(
    broken.flat(),
    `${count((events?.n ?? 0n) + (effect?.n ?? 0n))} events published without a gap`,
  );
}

/** What is still under way; all zero at rest. */
export interface UnderWay {
  sagas: bigint;
  /** Committed and not on the bus. */
  unpublished: bigint;
  /** Payment events without their effect on an order. */
  undelivered: bigint;
}

export async function readUnderWay({ orders, payments }: Books): Promise<UnderWay> {
  const [row] = await orders.rows(sql<{ sagas: bigint; unpublished: bigint; handled: bigint }>`
    SELECT (SELECT count(*) FROM saga WHERE state IN ('running', 'compensating') AND parked IS NULL) AS sagas,
      (SELECT count(*) FROM outbox
        WHERE position IS NULL OR position > (SELECT coalesce(max(published), 0) FROM outbox_relay)) AS unpublished,
      (SELECT count(*) FROM inbox WHERE consumer_group = 'order') AS handled`);
  const [sent] = await payments.rows(sql<{ n: bigint }>`SELECT count(*) AS n FROM outbox`);
  const { sagas = 0n, unpublished = 0n, handled = 0n } = row ?? {};
  return { sagas, unpublished, undelivered: (sent?.n ?? 0n) - handled };
}
