import type { Operation, OperationSubject, Outcome } from '@millrace/durable';
import type { SagaDefinition, SagaView, StepCall, WorkOptions } from '@millrace/durable';
import type { Transaction } from 'kysely';
import type { Order } from '../domain/order.ts';
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

/** What sagas work with. */
export interface SagaPorts {
  /** A transaction of the engine in the words of the use cases, with the saga's order held until it ends. */
  open(tx: Transaction<OrderSchema>, saga: SagaView<OrderData>): Promise<{ unit: OrderUnit; order: Order }>;
  payments: Payments;
  now: () => Date;
}

/** With `apart` the transaction is shared with other work that arrives, but never with work of the same name. */
type Sharing = WorkOptions & { apart?: string };
type Readers = { readonly orders: OrderReader; readonly products: Products };

/** The order database. */
export interface OrderDatabase {
  /** All of `work` or nothing; resolves when it is on disk. May run `work` again. */
  transaction<T>(work: (unit: OrderUnit) => Promise<T>, options: Sharing): Promise<T>;
  read<T>(work: (on: Readers) => Promise<T>, options: WorkOptions): Promise<T>;
}

/** What an operation has made, and its reply once there is one. */
type Known = { readonly subjectId: string; readonly reply: Uint8Array | undefined };

/** What can be done in one transaction. */
export interface OrderUnit {
  readonly orders: OrderWriter;
  readonly products: Products;
  readonly stock: Stock;
  /** Runs `effect` unless the operation's key was used before. */
  once(operation: Operation, effect: () => Promise<void>): Promise<Known>;
  /** Stores the reply that every repeat of the operation gets. */
  settle(operation: OperationSubject, reply: Uint8Array): Promise<void>;
  begin(saga: OrderSaga, order: Order): Promise<void>;
  /** Whether the order's saga can still turn back, which it then does. To be asked before the order is locked. */
  stop(saga: OrderSaga, orderId: string): Promise<boolean>;
}

type Narrowed<T> = { [K in keyof T]: T[K] | undefined };
type OrderQuery = Narrowed<Pick<Order, 'customerId' | 'status'> & { before: string }> & Page;
type Page = { tenant: string; limit: number };

export interface OrderReader {
  /** Throws ORDER_NOT_FOUND. */
  find(tenant: string, id: string): Promise<Order>;
  /** Newest first: those before the id `before`, of one customer or of all, in one status or in any. */
  list(query: OrderQuery): Promise<Order[]>;
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

export interface Products {
  /** By SKU, those after `after`. */
  list(page: Page & { after: string }): Promise<Product[]>;
  /** The prices of those SKUs that there are. */
  prices(tenant: string, skus: readonly string[]): Promise<ReadonlyMap<string, Price>>;
  put(tenant: string, products: readonly Product[]): Promise<void>;
}

/** What is in the warehouse, and what of it is promised. Each is for all lines of the order or for none. */
export interface Stock {
  /** False, and nothing is changed, when there is not enough of something. */
  reserve(order: Order): Promise<boolean>;
  /** Gives back what was reserved. */
  release(order: Order): Promise<unknown>;
  /** Takes what was reserved out of the warehouse. */
  take(order: Order): Promise<unknown>;
  /** Puts what was taken back into the warehouse. */
  restock(order: Order): Promise<unknown>;
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
