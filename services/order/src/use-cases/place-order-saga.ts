import { defineSaga } from '@millrace/durable';
import { move, type Order, type OrderStatus } from '../domain/order.ts';
import { finishCancel, startCancel } from './cancel-order-saga.ts';
import { placeOrderReply } from './messages.ts';
import { PLACE_ORDER } from './place-order.ts';
import type { OrderSaga, OrderUnit, SagaPorts } from './ports.ts';

export interface PlaceOrderSagaPorts extends SagaPorts {
  /** Takes over where a cancellation came too late to stop the payment. */
  cancelSaga: OrderSaga;
}

/**
 * Takes a placed order to its end: set stock aside, hold the money, take the money, done. A refusal or a cancellation
 * before the money is taken undoes what was done; from then on there is only the way forward.
 */
export function createPlaceOrderSaga({ open, payments, cancelSaga, now }: PlaceOrderSagaPorts): OrderSaga {
  /** An order that is being cancelled meanwhile stays so: its saga turns back after this step. */
  const advance = async ({ orders }: OrderUnit, order: Order, status: OrderStatus) => {
    if (order.status !== 'CANCELLING') await orders.save(move(order, status, now()));
  };
  return defineSaga({
    type: 'place-order',
    version: 1,
    steps: [
      {
        name: 'reserve',
        record: async (tx, saga) => {
          const { unit, order } = await open(tx, saga);
          if (!(await unit.stock.reserve(order))) return { kind: 'refused', reason: 'OUT_OF_STOCK' };
          await advance(unit, order, 'RESERVED');
        },
        recordUndo: async (tx, saga) => {
          const { unit, order } = await open(tx, saga);
          await unit.stock.release(order);
        },
      },
      {
        name: 'authorize',
        execute: payments.authorize,
        record: async (tx, saga, outcome) => {
          const { unit, order } = await open(tx, saga);
          if (outcome.kind === 'done') await advance(unit, order, 'AUTHORIZED');
        },
        compensate: payments.void,
      },
      { name: 'capture', execute: payments.capture, pivot: true },
      {
        name: 'confirm',
        record: async (tx, saga) => {
          const { unit, order } = await open(tx, saga);
          const confirmed = move(order, 'CONFIRMED', now());
          await unit.orders.save(confirmed);
          await settlePlacement(unit, confirmed);
          if (order.cancelRequested) await unit.begin(cancelSaga, await startCancel(unit, confirmed, now()));
          // Last, because other orders of these products wait from here on.
          await unit.stock.take(order);
        },
      },
    ],
    compensated: async (tx, saga, reason) => {
      const { unit, order } = await open(tx, saga);
      await settlePlacement(unit, await giveUp(unit, order, { reason, at: now() }));
    },
  });
}

async function settlePlacement(unit: OrderUnit, order: Order): Promise<void> {
  const operation = { tenant: order.tenant, method: PLACE_ORDER, subjectId: order.id };
  await unit.settle(operation, placeOrderReply(order));
}

/** CANCELLED where somebody wished so, else REJECTED. */
async function giveUp(unit: OrderUnit, order: Order, why: { reason: string; at: Date }): Promise<Order> {
  if (order.cancelRequested) {
    const cancelling = order.status === 'CANCELLING' ? order : await startCancel(unit, order, why.at);
    return finishCancel(unit, cancelling, why.at);
  }
  const rejected = move({ ...order, statusReason: why.reason }, 'REJECTED', why.at);
  await unit.orders.save(rejected);
  return rejected;
}
