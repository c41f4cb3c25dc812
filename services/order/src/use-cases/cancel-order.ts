import type { Replies } from '@millrace/durable';
import { maySee, orderNotFound, type Caller } from '../domain/caller.ts';
import type { Order } from '../domain/order.ts';
import { OrderError } from '../domain/order-error.ts';
import { CANCEL_ORDER, startCancel } from './cancel-order-saga.ts';
import { cancelOrderReply } from './messages.ts';
import type { OrderDatabase, OrderSaga, OrderUnit } from './ports.ts';

export interface CancelOrderPorts {
  db: OrderDatabase;
  replies: Pick<Replies, 'wait'>;
  placeSaga: OrderSaga;
  cancelSaga: OrderSaga;
  now: () => Date;
}

export type CancelOrder = ReturnType<typeof createCancelOrder>;

/** Cancels an order, once however often it is asked for, and waits until stock and money are back. */
export function createCancelOrder({ db, replies, placeSaga, cancelSaga, now }: CancelOrderPorts) {
  /** Turns an order back on its way; one that is paid is refunded, at once or as soon as it is confirmed. */
  async function cancel(unit: OrderUnit, { tenant, id, status }: Order): Promise<void> {
    const turnsBack = status !== 'CONFIRMED' && (await unit.stop(placeSaga, id));
    const order = await unit.orders.lock(tenant, id);
    if (order.status === 'REJECTED') {
      throw new OrderError('ORDER_NOT_CANCELLABLE', `the order was rejected: ${order.statusReason}`);
    }
    if (order.status === 'CONFIRMED') await unit.begin(cancelSaga, await startCancel(unit, order, now()));
    else if (turnsBack) await startCancel(unit, order, now());
    else await unit.orders.markCancelRequested(id);
  }

  return async (orderId: string, caller: Caller, signal: AbortSignal): Promise<Uint8Array> => {
    const { tenant } = caller;
    const operation = { tenant, method: CANCEL_ORDER, key: orderId, subjectId: orderId };
    const work = async (unit: OrderUnit) => {
      const order = await unit.orders.find(tenant, orderId);
      if (!maySee(caller, order)) throw orderNotFound();
      if (order.status === 'CANCELLED') return { reply: cancelOrderReply(order) };
      return unit.once({ ...operation, fingerprint: orderId }, () => cancel(unit, order));
    };
    const { reply } = await db.transaction(work, { signal });
    return reply ?? replies.wait(operation, { signal });
  };
}
