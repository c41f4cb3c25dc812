import type { OperationKey, OperationSubject } from '@millrace/durable';
import { orderNotFound } from '../../src/domain/caller.ts';
import type { Order } from '../../src/domain/order.ts';
import type { OrderDatabase, OrderUnit, Product, SagaPorts } from '../../src/use-cases/ports.ts';

interface StoredOperation {
  fingerprint: string;
  subjectId: string;
  reply: Uint8Array | undefined;
}

interface State {
  orders: Map<string, Order>;
  /** Every change of every order, as it was written. */
  events: Order[];
  operations: Map<string, StoredOperation>;
  sagas: { type: string; orderId: string }[];
  stock: Map<string, { onHand: number; reserved: number }>;
}

/** The order database in memory, with transactions that roll back. */
export interface FakeDatabase extends OrderDatabase {
  readonly unit: OrderUnit;
  state(): State;
  /** What `stop` answers: whether the saga still turns back. */
  sagaTurnsBack: boolean;
}

const PRODUCTS: readonly Product[] = [
  { sku: 'CLOCK', description: '', price: { currency: 'GBP', amountMinor: 2495n }, available: 10n },
  { sku: 'MUG', description: '', price: { currency: 'GBP', amountMinor: 125n }, available: 10n },
];

const keyOf = ({ tenant, method, key }: OperationKey) => `${tenant} ${method} ${key}`;

export function createFakeDatabase(): FakeDatabase {
  let state: State = {
    orders: new Map(),
    events: [],
    operations: new Map(),
    sagas: [],
    stock: new Map(PRODUCTS.map(({ sku, available }) => [sku, { onHand: Number(available), reserved: 0 }])),
  };

  const find = async (tenant: string, id: string): Promise<Order> => {
    const order = state.orders.get(id);
    if (!order || order.tenant !== tenant) throw orderNotFound();
    return order;
  };
  const write = async (order: Order) => {
    state.orders.set(order.id, order);
    state.events.push(order);
  };
  const change = async ({ lines }: Order, by: { onHand: -1 | 0 | 1; reserved: -1 | 0 | 1 }) => {
    for (const { sku, quantity } of lines) {
      const product = state.stock.get(sku) ?? { onHand: 0, reserved: 0 };
      product.onHand += by.onHand * quantity;
      product.reserved += by.reserved * quantity;
    }
  };

  const unit: OrderUnit = {
    orders: {
      find,
      lock: find,
      list: async ({ tenant, customerId, status, before, limit }) =>
        [...state.orders.values()]
          .filter((order) => order.tenant === tenant)
          .filter((order) => customerId === undefined || order.customerId === customerId)
          .filter((order) => status === undefined || order.status === status)
          .filter((order) => before === undefined || order.id < before)
          .sort((one, other) => (one.id < other.id ? 1 : -1))
          .slice(0, limit),
      insert: write,
      save: write,
      markCancelRequested: async (id) => {
        const order = state.orders.get(id);
        if (order) state.orders.set(id, { ...order, cancelRequested: true });
      },
    },
    products: {
      list: async ({ after, limit }) => PRODUCTS.filter(({ sku }) => sku > after).slice(0, limit),
      prices: async (_tenant, skus) =>
        new Map(PRODUCTS.filter(({ sku }) => skus.includes(sku)).map(({ sku, price }) => [sku, price])),
      put: async () => undefined,
    },
    stock: {
      reserve: async (order) => {
        const enough = order.lines.every(({ sku, quantity }) => {
          const { onHand, reserved } = state.stock.get(sku) ?? { onHand: 0, reserved: 0 };
          return onHand - reserved >= quantity;
        });
        if (enough) await change(order, { onHand: 0, reserved: 1 });
        return enough;
      },
      release: (order) => change(order, { onHand: 0, reserved: -1 }),
      take: (order) => change(order, { onHand: -1, reserved: -1 }),
      restock: (order) => change(order, { onHand: 1, reserved: 0 }),
    },
    once: async (operation, effect) => {
      const known = state.operations.get(keyOf(operation));
      if (known) {
        if (known.fingerprint !== operation.fingerprint)
          throw new Error('the key was used for another request');
        return { subjectId: known.subjectId, reply: known.reply };
      }
      const { fingerprint, subjectId } = operation;
      state.operations.set(keyOf(operation), { fingerprint, subjectId, reply: undefined });
      await effect();
      return { subjectId, reply: undefined };
    },
    settle: async ({ method, subjectId }: OperationSubject, reply) => {
      for (const [key, operation] of state.operations) {
        if (operation.subjectId === subjectId && key.includes(` ${method} `)) operation.reply ??= reply;
      }
    },
    begin: async (saga, order) => void state.sagas.push({ type: saga.type, orderId: order.id }),
    stop: async () => fake.sagaTurnsBack,
  };

  const fake: FakeDatabase = {
    unit,
    sagaTurnsBack: true,
    state: () => state,
    transaction: async (work) => {
      const before = structuredClone(state);
      try {
        return await work(unit);
      } catch (error) {
        state = before;
        throw error;
      }
    },
    read: (work) => work(unit),
  };
  return fake;
}

/** What a saga's step opens, on the fake database. */
export function openOn({ unit }: FakeDatabase): SagaPorts['open'] {
  return async (_tx, { tenant, data }) => ({ unit, order: await unit.orders.lock(tenant, data.orderId) });
}
