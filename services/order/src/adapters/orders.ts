import { appendEvents } from '@millrace/durable';
import { sql, type Kysely, type QueryCreator, type Transaction } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import { orderNotFound } from '../domain/caller.ts';
import type { Order } from '../domain/order.ts';
import type { OrderSchema } from '../migrations/schema.ts';
import { orderEvent } from '../use-cases/messages.ts';
import type { OrderReader, OrderWriter } from '../use-cases/ports.ts';
import { ORDERS_TOPIC } from '../use-cases/watch-orders.ts';
import { tables } from './tables.ts';

/** Orders as they are read. */
export function createOrderReader(db: Kysely<OrderSchema>): OrderReader {
  return {
    find: async (tenant, id) => toOrder(await selectOne(db, tenant, id).executeTakeFirst()),
    list: async ({ tenant, customerId, status, before, limit }) => {
      const only = { tenant, ...(customerId !== undefined && { customerId }), ...(status && { status }) };
      let query = selectOrders(db).where((order) => order.and(only));
      if (before !== undefined) query = query.where('id', '<', before);
      const found = await query.orderBy('id', 'desc').limit(limit).execute();
      return found.map(toOrder);
    },
  };
}

/** Orders as they are changed: each change with its event, for watchers and for the bus. */
export function createOrderWriter(tx: Transaction<OrderSchema>, trace: string | undefined): OrderWriter {
  /** The event of a change, in one statement with it. */
  const tell = (change: QueryCreator<OrderSchema>, order: Order) => {
    const { id: aggregateId, tenant, customerId: subject, sequence, status } = order;
    const type = `order.${status.toLowerCase()}`;
    const event = { topic: ORDERS_TOPIC, aggregateId, tenant, subject, sequence, type };
    return appendEvents(change, [{ ...event, payload: orderEvent(order), ...(trace && { trace }) }]);
  };
  return {
    ...createOrderReader(tx),
    insert: async (order) => {
      const { lines, ...row } = order;
      const skus = lines.map(({ sku }) => sku);
      const quantities = lines.map(({ quantity }) => quantity);
      const prices = lines.map(({ unitPriceMinor }) => unitPriceMinor);
      const placed = tables(tx)
        .with('placed', (db) => db.insertInto('orders').values(row))
        .with('filled', (db) =>
          db
            .insertInto('orderLines')
            .columns(['orderId', 'line', 'sku', 'quantity', 'unitPriceMinor'])
            .expression(
              sql`SELECT ${order.id}::uuid, line, sku, quantity, price
              FROM unnest(${skus}::text[], ${quantities}::integer[], ${prices}::bigint[])
                WITH ORDINALITY AS lines (sku, quantity, price, line)`,
            ),
        );
      await tell(placed, order);
    },
    lock: async (tenant, id) =>
      toOrder(await selectOne(tx, tenant, id).forUpdate('orders').executeTakeFirst()),
    save: async (order) => {
      const { id, status, statusReason, cancelRequested, sequence, updatedAt } = order;
      const change = { status, statusReason, cancelRequested, sequence, updatedAt };
      const saved = tables(tx).with('saved', (db) =>
        db.updateTable('orders').set(change).where('id', '=', id),
      );
      await tell(saved, order);
    },
    markCancelRequested: async (id) => {
      await tables(tx).updateTable('orders').set({ cancelRequested: true }).where('id', '=', id).execute();
    },
  };
}

function selectOrders(db: Kysely<OrderSchema>) {
  return tables(db)
    .selectFrom('orders')
    .selectAll('orders')
    .select((order) =>
      jsonArrayFrom(
        order
          .selectFrom('orderLines')
          .select(['sku', 'quantity', 'unitPriceMinor'])
          .whereRef('orderId', '=', 'orders.id')
          .orderBy('line'),
      ).as('lines'),
    );
}

function selectOne(db: Kysely<OrderSchema>, tenant: string, id: string) {
  return selectOrders(db).where('id', '=', id).where('tenant', '=', tenant);
}

type Row = Awaited<ReturnType<ReturnType<typeof selectOne>['executeTakeFirst']>>;

/** JSON makes prices numbers; they are far below 2^53. */
function toOrder(row: Row): Order {
  if (!row) throw orderNotFound();
  const lines = row.lines.map((line) => ({ ...line, unitPriceMinor: BigInt(line.unitPriceMinor) }));
  return { ...row, lines };
}
