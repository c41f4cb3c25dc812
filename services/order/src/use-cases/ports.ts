import type {
  Once,
  Operation,
  OperationSubject,
  Outcome,
  SagaDefinition,
  SagaView,
  StepCall,
} from '@millrace/durable';
import type { Transaction } from 'kysely';
import type { Order, OrderStatus } from '../domain/order.ts';
import type { Price } from '../domain/pricing.ts';
import type { OrderSchema } from '../migrations/schema.ts';

/** What both sagas know of their order. */
export interface OrderData {
  orderId: string;
  paymentId: string;
  currency: string;
  totalMinor: bigint;
}

export type OrderSaga = SagaDefinition<OrderData, OrderSchema>;

/** The order database. */
export interface OrderDatabase {
  /** All of `work` or nothing; resolves when it is on disk. May run `work` again. */
  transaction<T>(work: (unit: OrderUnit) => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
  read<T>(work: (readers: Readers) => Promise<T>, options: { signal: AbortSignal }): Promise<T>;
}

/** Puts a transaction of the saga engine into the words of the use cases. `trace` is what its events belong to. */
export type UnitOf = (tx: Transaction<OrderSchema>, trace?: string) => OrderUnit;

/** What can be read. */
export interface Readers {
  readonly orders: OrderReader;
  readonly products: ProductReader;
}

/** What can be done in one transaction. */
export interface OrderUnit {
  readonly orders: OrderWriter;
  readonly products: ProductWriter;
  readonly stock: Stock;
  /** Runs `effect` unless the operation's key was used before. */
  once<T>(operation: Operation, effect: () => Promise<T>): Promise<Once<T>>;
  /** Stores the reply that every repeat of the operation gets. */
  settle(operation: OperationSubject, reply: Uint8Array): Promise<void>;
  begin(saga: OrderSaga, order: Order): Promise<void>;
  /** Whether the order's saga can still turn back, which it then does. To be asked before the order is locked. */
  stop(saga: OrderSaga, orderId: string): Promise<boolean>;
}

export interface OrderReader {
  /** Throws ORDER_NOT_FOUND. */
  find(tenant: string, id: string): Promise<Order>;
  /** Newest first: those before the id `before`, of one customer or of all, in one status or in any. */
  list(query: {
    tenant: string;
    customerId: string | undefined;
    status: OrderStatus | undefined;
    before: string | undefined;
    limit: number;
  }): Promise<Order[]>;
}

export interface OrderWriter extends OrderReader {
  /** Writes a new order with its first event. */
  insert(order: Order): Promise<void>;
  /** As `find`; nobody else changes the order until the transaction ends. */
  lock(tenant: string, id: string): Promise<Order>;
  /** Writes a changed order with the event of its change. */
  save(order: Order): Promise<void>;
  /** Remembers the wish to cancel, which is no change of the order yet. */
  markCancelRequested(id: string): Promise<void>;
}

/** Something that can be ordered, and how many there are. */
export interface Product {
  readonly sku: string;
  readonly description: string;
  readonly price: Price;
  readonly available: bigint;
}

export interface ProductReader {
  /** By SKU, those after `after`. */
  list(page: { tenant: string; after: string; limit: number }): Promise<Product[]>;
  /** The prices of those SKUs that there are. */
  prices(tenant: string, skus: readonly string[]): Promise<ReadonlyMap<string, Price>>;
}

export interface ProductWriter extends ProductReader {
  put(tenant: string, products: readonly Product[]): Promise<void>;
}

/** What is in the warehouse, and what of it is promised. Each is for all lines of the order or for none. */
export interface Stock {
  /** False, and nothing is changed, when there is not enough of something. */
  reserve(order: Order): Promise<boolean>;
  /** Gives back what was reserved. */
  release(order: Order): Promise<void>;
  /** Takes what was reserved out of the warehouse. */
  take(order: Order): Promise<void>;
  /** Puts what was taken back into the warehouse. */
  restock(order: Order): Promise<void>;
}

type Ask<T> = (saga: SagaView<OrderData>, call: StepCall) => Promise<T>;

/** The payment service. Asked again for the same saga it answers the same; a throw means that the outcome is not known. */
export interface Payments {
  readonly authorize: Ask<Outcome<OrderData>>;
  readonly capture: Ask<Outcome<OrderData>>;
  /** Gives up the authorization, or makes sure that it never happens. */
  readonly void: Ask<void>;
  readonly refund: Ask<Outcome<OrderData>>;
}
