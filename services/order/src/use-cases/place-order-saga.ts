import { defineSaga, type SagaView } from '@millrace/durable';
import { move, type Order, type OrderStatus } from '../domain/order.ts';
import { finishCancel, startCancel } from './cancellation.ts';
import { placeOrderReply } from './messages.ts';
import { PLACE_ORDER } from './place-order.ts';
import type { OrderData, OrderSaga, OrderUnit, Payments, UnitOf } from './ports.ts';

export interface PlaceOrderSagaPorts {
  unitOf: UnitOf;
  payments: Payments;
  /** Takes over where a cancellation came too late to stop the payment. */
  cancelSaga: OrderSaga;
  now: () => Date;
}

/**
 * Takes a placed order to its end: set stock aside, hold the money, take the money, done. A refusal or a cancellation
 * before the money is taken undoes what was done; from then on there is only the way forward.
 */
export function createPlaceOrderSaga({ unitOf, payments, cancelSaga, now }: PlaceOrderSagaPorts): OrderSaga {
  /** An order that is being cancelled meanwhile stays so: its saga turns back after this step. */
  const advance = async ({ unit, order }: Opened, status: OrderStatus) => {
    if (order.status !== 'CANCELLING') await unit.orders.save(move(order, status, now()));
  };
  return defineSaga({
    type: 'place-order',
    version: 1,
    steps: [
      {
        name: 'reserve',
        record: async (tx, saga) => {
          const opened = await open(unitOf(tx, saga.trace), saga);
          const enough = await opened.unit.stock.reserve(opened.order);
          if (!enough) return { kind: 'refused', reason: 'OUT_OF_STOCK' };
          await advance(opened, 'RESERVED');
        },
        recordUndo: async (tx, saga) => {
          const { unit, order } = await open(unitOf(tx, saga.trace), saga);
          await unit.stock.release(order);
        },
      },
      {
        name: 'authorize',
        execute: payments.authorize,
        record: async (tx, saga, outcome) => {
          if (outcome.kind === 'done') await advance(await open(unitOf(tx, saga.trace), saga), 'AUTHORIZED');
        },
        compensate: payments.void,
      },
      { name: 'capture', execute: payments.capture, pivot: true },
      {
        name: 'confirm',
        record: async (tx, saga) => {
          const { unit, order } = await open(unitOf(tx, saga.trace), saga);
          await unit.orders.save(move(order, 'CONFIRMED', now()));
          await unit.stock.take(order);
        },
      },
    ],
    completed: async (tx, saga) => {
      const { unit, order } = await open(unitOf(tx, saga.trace), saga);
      await settlePlacement(unit, order);
      if (order.cancelRequested) await unit.begin(cancelSaga, await startCancel(unit, order, now()));
    },
    compensated: async (tx, saga, reason) => {
      const { unit, order } = await open(unitOf(tx, saga.trace), saga);
      await settlePlacement(unit, await giveUp(unit, order, { reason, at: now() }));
    },
  });
}

interface Opened {
  readonly unit: OrderUnit;
  /** Held until the transaction ends. */
  readonly order: Order;
}

async function open(unit: OrderUnit, { tenant, data }: SagaView<OrderData>): Promise<Opened> {
  return { unit, order: await unit.orders.lock(tenant, data.orderId) };
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
