import { fromBinary } from '@bufbuild/protobuf';
import { CancelOrderResponseSchema, OrderService, OrderStatus } from '@millrace/contracts';
import { PlaceOrderResponseSchema, type PlaceOrderRequest } from '@millrace/contracts';
import { implement, type Implementation } from '@millrace/rpc';
import type { OrderStatus as DomainStatus } from '../domain/order.ts';
import type { CancelOrder } from '../use-cases/cancel-order.ts';
import { toMessage } from '../use-cases/messages.ts';
import type { PlaceOrder, PlaceOrderCommand } from '../use-cases/place-order.ts';
import type { ReadOrders } from '../use-cases/read-orders.ts';
import type { WatchOrders } from '../use-cases/watch-orders.ts';
import { callerOf } from './caller.ts';
import { createPlaceOrders, type PerOrder, type PlaceOne } from './place-orders.ts';

export interface OrderServiceOptions {
  placeOrder: PlaceOrder;
  cancelOrder: CancelOrder;
  readOrders: ReadOrders;
  watchOrders: WatchOrders;
  perOrder: PerOrder;
}

/** Answers the order service's calls: messages in and out, the rest is the use cases'. */
export function createOrderService(options: OrderServiceOptions): Implementation {
  const { placeOrder, cancelOrder, readOrders, watchOrders, perOrder } = options;
  const placeOne: PlaceOne = async (request, call) =>
    fromBinary(PlaceOrderResponseSchema, await placeOrder(toCommand(request), callerOf(call), call.signal));
  return implement(OrderService, {
    placeOrder: placeOne,
    placeOrders: createPlaceOrders(placeOne, perOrder),
    getOrder: async ({ orderId }, call) => ({
      order: toMessage(await readOrders.get(orderId.toLowerCase(), callerOf(call), call.signal)),
    }),
    listOrders: async ({ status, pageSize, pageToken }, call) => {
      const query = { status: toStatus(status), pageSize: pageSize || 50, pageToken };
      const { items, nextPageToken } = await readOrders.list(query, callerOf(call), call.signal);
      return { orders: items.map(toMessage), nextPageToken };
    },
    cancelOrder: async ({ orderId }, call) => {
      const reply = await cancelOrder(orderId.toLowerCase(), callerOf(call), call.signal);
      return fromBinary(CancelOrderResponseSchema, reply);
    },
    watchOrders: async function* (request, call) {
      const query = { ...request, orderId: request.orderId.toLowerCase() };
      for await (const event of watchOrders(query, callerOf(call), call.signal)) yield { event };
    },
  });
}

function toCommand(request: PlaceOrderRequest): PlaceOrderCommand {
  const { idempotencyKey: key, customerId, currencyCode: currency } = request;
  const lines = request.lines.map(({ sku, quantity, quotedUnitPrice: quoted }) => {
    const quote = quoted && { currency: quoted.currencyCode, amountMinor: quoted.amountMinor };
    return { sku, quantity, quote };
  });
  return { key, customerId, currency, lines };
}

/** All for UNSPECIFIED; the proto's rules let no unknown number through. */
function toStatus(status: OrderStatus): DomainStatus | undefined {
  return status === OrderStatus.UNSPECIFIED ? undefined : (OrderStatus[status] as DomainStatus);
}
