import { create, toBinary } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { CancelOrderResponseSchema, OrderEventSchema, OrderSchema } from '@millrace/contracts';
import { OrderStatus, PlaceOrderResponseSchema, type Order as OrderMessage } from '@millrace/contracts';
import type { Order } from '../domain/order.ts';

/** An order in the contract's words: what replies hold and events carry. */
export function toMessage(order: Order): OrderMessage {
  const money = (amountMinor: bigint) => ({ currencyCode: order.currency, amountMinor });
  const lines = order.lines.map(({ unitPriceMinor, ...line }) => ({
    ...line,
    unitPrice: money(unitPriceMinor),
  }));
  return create(OrderSchema, {
    // Fields of one name are the same in both; what is not in the contract stays out.
    ...order,
    lines,
    total: money(order.totalMinor),
    status: OrderStatus[order.status],
    createTime: timestampFromDate(order.createdAt),
    updateTime: timestampFromDate(order.updatedAt),
  });
}

/** The stored reply of PlaceOrder. */
export function placeOrderReply(order: Order): Uint8Array {
  return toBinary(PlaceOrderResponseSchema, create(PlaceOrderResponseSchema, { order: toMessage(order) }));
}

/** The stored reply of CancelOrder. */
export function cancelOrderReply(order: Order): Uint8Array {
  return toBinary(CancelOrderResponseSchema, create(CancelOrderResponseSchema, { order: toMessage(order) }));
}

/** The payload of an event; its cursor belongs to who reads it. */
export function orderEvent(order: Order): Uint8Array {
  const event = { order: toMessage(order), eventTime: timestampFromDate(order.updatedAt) };
  return toBinary(OrderEventSchema, create(OrderEventSchema, event));
}
