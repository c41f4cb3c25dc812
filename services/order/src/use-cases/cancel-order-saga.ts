import { defineSaga } from '@millrace/durable';
import { finishCancel } from './cancellation.ts';
import type { OrderSaga, Payments, UnitOf } from './ports.ts';

export interface CancelOrderSagaPorts {
  unitOf: UnitOf;
  payments: Payments;
  now: () => Date;
}

/** Undoes a confirmed order: the money goes back first, then the goods. There is no way back from here. */
export function createCancelOrderSaga({ unitOf, payments, now }: CancelOrderSagaPorts): OrderSaga {
  return defineSaga({
    type: 'cancel-order',
    version: 1,
    steps: [
      { name: 'refund', execute: payments.refund, pivot: true },
      {
        name: 'restock',
        record: async (tx, saga) => {
          const unit = unitOf(tx, saga.trace);
          const order = await unit.orders.lock(saga.tenant, saga.data.orderId);
          await finishCancel(unit, order, now());
          await unit.stock.restock(order);
        },
      },
    ],
  });
}
