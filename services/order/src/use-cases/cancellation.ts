import { move, type Order } from '../domain/order.ts';
import { cancelOrderReply } from './messages.ts';
import type { OrderUnit } from './ports.ts';

/** The operation behind every cancellation: one for each order, whoever asks. */
export const CANCEL_ORDER = 'CancelOrder';

const WISH = { cancelRequested: true, statusReason: 'CUSTOMER_REQUEST' };

/** CANCELLING, as its buyer wished. */
export async function startCancel({ orders }: OrderUnit, order: Order, at: Date): Promise<Order> {
  const cancelling = move({ ...order, ...WISH }, 'CANCELLING', at);
  await orders.save(cancelling);
  return cancelling;
}

/** CANCELLED: everything is undone, and everybody who waits for it is told. */
export async function finishCancel(unit: OrderUnit, order: Order, at: Date): Promise<Order> {
  const cancelled = move(order, 'CANCELLED', at);
  await unit.orders.save(cancelled);
  const operation = { tenant: order.tenant, method: CANCEL_ORDER, subjectId: order.id };
  await unit.settle(operation, cancelOrderReply(cancelled));
  return cancelled;
}
