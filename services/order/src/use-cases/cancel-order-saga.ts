import { defineSaga } from '@millrace/durable';
import { move, type Order } from '../domain/order.ts';
import { cancelOrderReply } from './messages.ts';
import type { OrderSaga, OrderUnit, SagaPorts } from './ports.ts';

/** Undoes a confirmed order: the money goes back first, then the goods. There is no way back from here. */
export function createCancelOrderSaga({ open, payments, now }: SagaPorts): OrderSaga {
  return defineSaga({
    type: 'cancel-order',
    version: 1,
    steps: [
      { name: 'refund', execute: payments.refund, pivot: true },
      {
        name: 'restock',
        record: async (tx, saga) => {
          const { unit, order } = await open(tx, saga);
          await finishCancel(unit, order, now());
          await unit.stock.restock(order);
        },
      },
    ],
  });
}

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
