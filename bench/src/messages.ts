import { create } from '@bufbuild/protobuf';
import {
  OrderStatus,
  PlaceOrderRequestSchema,
  PlaceOrderResponseSchema,
  PlaceOrdersRequestSchema,
  PlaceOrdersResponseSchema,
  WatchOrdersRequestSchema,
  WatchOrdersResponseSchema,
} from '@millrace/contracts';

const order = {
  id: '0198c0de-7a10-7000-8000-000000004711',
  customerId: 'customer-4711',
  status: OrderStatus.CONFIRMED,
  sequence: 5n,
};

/** An order of eight fields, 118 bytes. */
export const placeOrder = create(PlaceOrderRequestSchema, {
  idempotencyKey: '0198c0de-7a10-7000-8000-000000000815',
  customerId: 'customer-4711',
  currencyCode: 'EUR',
  lines: [
    { sku: 'kettle-red-1l', quantity: 2, quotedUnitPrice: { currencyCode: 'EUR', amountMinor: 4_999n } },
    { sku: 'teapot-blue-glazed-0.75l', quantity: 1 },
  ],
});

/** Its answer, some 60 bytes. */
export const placed = create(PlaceOrderResponseSchema, { order });

/** The same as messages of streams. */
export const placeOrders = create(PlaceOrdersRequestSchema, { correlationId: 7n, order: placeOrder });
export const placedOrders = create(PlaceOrdersResponseSchema, {
  correlationId: 7n,
  result: { case: 'order', value: order },
});
export const changed = create(WatchOrdersResponseSchema, { event: { cursor: '4711', order } });

/** Asks the bench's servers for so many changes; the cursor says how many. */
export function watchFor(count: number) {
  return create(WatchOrdersRequestSchema, { cursor: String(count) });
}
