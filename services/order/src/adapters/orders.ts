import { appendEvents, insertRows, sameMoment, updateRows } from '@millrace/durable';
import { sql, type Kysely, type QueryCreator, type Transaction } from 'kysely';
import { orderNotFound } from '../domain/caller.ts';
import type { Order } from '../domain/order.ts';
import type { OrderSchema } from '../migrations/schema.ts';
import { orderEvent } from '../use-cases/messages.ts';
import type { OrderReader, OrderWriter } from '../use-cases/ports.ts';
import { ORDERS_TOPIC } from '../use-cases/watch-orders.ts';
import { tables } from './tables.ts';

type Tx = Transaction<OrderSchema>;
/** An order as it will be, and the trace of who changed it. */
type Change = { order: Order; trace: string | undefined };

const CHANGING = {
  ...{ id: 'uuid', status: 'text', statusReason: 'text', cancelRequested: 'boolean' },
  ...{ sequence: 'bigint', updatedAt: 'timestamptz' },
};
const ORDER = {
  ...{ ...CHANGING, tenant: 'text', customerId: 'text', currency: 'text', totalMinor: 'bigint' },
  ...{ paymentId: 'uuid', createdAt: 'timestamptz' },
};
const LINE = { orderId: 'uuid', line: 'integer', sku: 'text', quantity: 'integer', unitPriceMinor: 'bigint' };

/** Orders as they are read. */
export function createOrderReader(db: Kysely<OrderSchema>): OrderReader {
  return {
    find: async (tenant, id) =>
      toOrder(await selectOrders(db).where('id', '=', id).where('tenant', '=', tenant).executeTakeFirst()),
    list: async ({ tenant, customerId, status, before, limit }) => {
      const only = { tenant, ...(customerId !== undefined && { customerId }), ...(status && { status }) };
      let query = selectOrders(db).where((order) => order.and(only));
      if (before !== undefined) query = query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(toOrder);
    },
  };
}

/** Orders as they are changed: each change with its event, for watchers and for the bus. */
export function createOrderWriter(tx: Tx, trace: string | undefined): OrderWriter {
  return {
    ...createOrderReader(tx),
    insert: (order) => insert(tx, { order, trace }),
    lock: async (tenant, id) => toOrder(await lock(tx, { tenant, id })),
    save: (order) => save(tx, { order, trace }),
    markCancelRequested: async (id) => {
      await tables(tx).updateTable('orders').set({ cancelRequested: true }).where('id', '=', id).execute();
    },
  };
}

const insert = sameMoment(async (tx: Tx, changes: readonly Change[]): Promise<void[]> => {
  const orders = changes.map(({ order }) => order);
  const lines = orders.flatMap(({ id: orderId, lines }) =>
    lines.map((line, at) => ({ ...line, orderId, line: at + 1 })),
  );
  const placed = tables(tx)
    .with('placed', () => sql`(${insertRows('orders', orders, ORDER)})`)
    .with('filled', () => sql`(${insertRows('order_lines', lines, LINE)})`);
  return tell(placed, changes);
});

/** In the order of the ids, as everything that holds several orders. */
const lock = sameMoment(async (tx: Tx, wanted: readonly Pick<Order, 'tenant' | 'id'>[]) => {
  const ids = wanted.map(({ id }) => id);
  const some = selectOrders(tx).where('id', '=', sql<string>`any(${ids}::uuid[])`);
  const found = await some.orderBy('id').forUpdate('orders').execute();
  return wanted.map(({ tenant, id }) => found.find((row) => row.id === id && row.tenant === tenant));
});

const save = sameMoment((tx: Tx, changes: readonly Change[]): Promise<void[]> => {
  const orders = changes.map(({ order }) => order);
  const saved = tables(tx).with('saved', () => sql`(${updateRows('orders', orders, CHANGING)})`);
  return tell(saved, changes);
});

/** The events of changes, in one statement with them. */
async function tell(change: QueryCreator<OrderSchema>, changes: readonly Change[]): Promise<void[]> {
  const events = changes.map(({ order, trace }) => {
    const { id: aggregateId, tenant, customerId: subject, sequence, status } = order;
    const of = { topic: ORDERS_TOPIC, aggregateId, tenant, subject, sequence, ...(trace && { trace }) };
    return { ...of, type: `order.${status.toLowerCase()}`, payload: orderEvent(order) };
  });
  await appendEvents(change, events);
  return [];
}

function selectOrders(db: Kysely<OrderSchema>) {
  const lines = sql<{ sku: string; quantity: number; unitPriceMinor: number }[]>`(
    SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity, 'unitPriceMinor', unit_price_minor)
      ORDER BY line) FROM order_lines WHERE order_id = orders.id)`;
  return tables(db).selectFrom('orders').selectAll('orders').select(lines.as('lines'));
}

type Row = Awaited<ReturnType<ReturnType<typeof selectOrders>['executeTakeFirst']>>;

/** JSON makes prices numbers; they are far below 2^53. */
function toOrder(row: Row): Order {
  if (!row) throw orderNotFound();
  const lines = row.lines.map((line) => ({ ...line, unitPriceMinor: BigInt(line.unitPriceMinor) }));
  return { ...row, lines };
}
