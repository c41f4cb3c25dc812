import { beginSaga, once, requestCancel, settle, shareTransactions } from '@millrace/durable';
import type { Database, Replies } from '@millrace/durable';
import { currentTraceparent } from '@millrace/interceptors';
import type { Transaction } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';
import type { OrderDatabase, OrderSaga, OrderUnit, SagaPorts } from '../use-cases/ports.ts';
import { createOrderReader, createOrderWriter } from './orders.ts';
import { createProducts } from './products.ts';
import { createStock } from './stock.ts';

/** The use cases' view of the database. After each transaction there may be work for `others`. */
export function createOrderDatabase(
  db: Database<OrderSchema>,
  others: readonly { wake(): void }[],
): OrderDatabase {
  const shared = shareTransactions(db);
  return {
    transaction: async (work, { apart, ...options }) => {
      const trace = currentTraceparent();
      const run = (tx: Transaction<OrderSchema>) => work(createOrderUnit(tx, trace));
      const result = await shared.run(run, { apart, ...options });
      for (const { wake } of others) wake();
      return result;
    },
    read: (work, options) =>
      db.read((on) => work({ orders: createOrderReader(on), products: createProducts(on) }), options),
  };
}

/** What the steps of sagas work on. The replies that they settle are handed out when they are on disk. */
export function createSagaOrders(replies: Pick<Replies, 'settle'>): SagaPorts['open'] {
  return async (tx, { tenant, trace, data }) => {
    const unit = createOrderUnit(tx, trace, replies);
    return { unit, order: await unit.orders.lock(tenant, data.orderId) };
  };
}

function createOrderUnit(tx: Transaction<OrderSchema>, trace?: string, replies = { settle }): OrderUnit {
  return {
    orders: createOrderWriter(tx, trace),
    products: createProducts(tx),
    stock: createStock(tx),
    once: async (operation, effect) => {
      const done = await once(tx, operation, effect);
      return done.kind === 'repeat' ? done : { subjectId: operation.subjectId, reply: undefined };
    },
    settle: (operation, reply) => replies.settle(tx, operation, reply),
    begin: (saga, order) => {
      const { id: orderId, paymentId, currency, totalMinor, tenant } = order;
      const data = { orderId, paymentId, currency, totalMinor };
      return beginSaga(tx, saga, { id: sagaId(saga, orderId), data, tenant, ...(trace && { trace }) });
    },
    stop: async (saga, orderId) =>
      (await requestCancel(tx, sagaId(saga, orderId), 'CUSTOMER_REQUEST')) === 'accepted',
  };
}

/** One saga of a type for each order. */
function sagaId(saga: OrderSaga, orderId: string): string {
  return `${saga.type}/${orderId}`;
}
