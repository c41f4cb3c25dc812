/** Where an order stands; the proto says what each means. */
export type OrderStatus =
  'PLACED' | 'RESERVED' | 'AUTHORIZED' | 'CONFIRMED' | 'REJECTED' | 'CANCELLING' | 'CANCELLED';

/** A product of an order at the price it is sold for, in minor units of the order's currency. */
export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPriceMinor: bigint;
}

/** What is known of an order from its beginning. */
export interface NewOrder {
  readonly id: string;
  readonly tenant: string;
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly OrderLine[];
  readonly totalMinor: bigint;
  readonly paymentId: string;
}

/** An order. Never changed in place: each function here gives the next one. */
export interface Order extends NewOrder {
  readonly status: OrderStatus;
  /** Why it was rejected or cancelled; empty otherwise. */
  readonly statusReason: string;
  /** Somebody wants it cancelled, though perhaps too late to stop the payment. */
  readonly cancelRequested: boolean;
  /** Numbers its changes: 1, 2, 3 ... */
  readonly sequence: bigint;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What an order can become next. */
const NEXT: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  PLACED: ['RESERVED', 'REJECTED', 'CANCELLING'],
  RESERVED: ['AUTHORIZED', 'REJECTED', 'CANCELLING'],
  AUTHORIZED: ['CONFIRMED', 'REJECTED', 'CANCELLING'],
  CONFIRMED: ['CANCELLING'],
  CANCELLING: ['CANCELLED'],
  REJECTED: [],
  CANCELLED: [],
};

/** A new order: PLACED, its first change. */
export function place(order: NewOrder, at: Date): Order {
  const first = { status: 'PLACED', statusReason: '', cancelRequested: false, sequence: 1n } as const;
  return { ...order, ...first, createdAt: at, updatedAt: at };
}

/** The order after one change. Throws on a move that the state machine does not have, which is a bug of the caller. */
export function move(order: Order, status: OrderStatus, at: Date): Order {
  if (!NEXT[order.status].includes(status)) {
    throw new Error(`order ${order.id} cannot go from ${order.status} to ${status}`);
  }
  return { ...order, status, sequence: order.sequence + 1n, updatedAt: at };
}
