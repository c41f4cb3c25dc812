import { beginSaga, once, requestCancel, settle, shareTransactions } from '@millrace/durable';
import type { Database, SagaReplies } from '@millrace/durable';
import { writeTraceContext } from '@millrace/interceptors';
import { currentContext } from '@millrace/rpc';
import type { Transaction } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';
import type { OrderDatabase, OrderSaga, OrderUnit, SagaPorts } from '../use-cases/ports.ts';
import { createOrderReader, createOrderWriter } from './orders.ts';
import { createProducts } from './products.ts';
import { createStock } from './stock.ts';

/** The use cases' view of the database. `committed` is called after each transaction: there may be work for others. */
export function createOrderDatabase(db: Database<OrderSchema>, committed: () => void): OrderDatabase {
  const shared = shareTransactions(db);
  return {
    transaction: async (work, { apart, ...options }) => {
      const trace = currentTrace();
      const run = (tx: Transaction<OrderSchema>) => work(createOrderUnit(tx, trace));
      const result = await (apart === undefined
        ? db.transaction(run, options)
        : shared.run(run, { apart, ...options }));
      committed();
      return result;
    },
    read: (work, options) =>
      db.read((on) => work({ orders: createOrderReader(on), products: createProducts(on) }), options),
  };
}

/** What the steps of sagas work on. */
export function createSagaOrders(replies: SagaReplies): SagaPorts['open'] {
  return async (tx, { id, tenant, trace, data }) => {
    const unit = { ...createOrderUnit(tx, trace), settle: replies.settling(tx, id) };
    return { unit, order: await unit.orders.lock(tenant, data.orderId) };
  };
}

function createOrderUnit(tx: Transaction<OrderSchema>, trace: string | undefined): OrderUnit {
  return {
    orders: createOrderWriter(tx, trace),
    products: createProducts(tx),
    stock: createStock(tx),
    once: async (operation, effect) => {
      const done = await once(tx, operation, effect);
      return done.kind === 'repeat' ? done : { subjectId: operation.subjectId, reply: undefined };
    },
    settle: (operation, reply) => settle(tx, operation, reply),
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

/** The W3C traceparent of the request that is being served. */
function currentTrace(): string | undefined {
  const { trace } = currentContext();
  return trace && String(writeTraceContext(trace)['traceparent']);
}
