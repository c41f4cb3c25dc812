import { create } from '@bufbuild/protobuf';
import {
  AuthorizeRequestSchema,
  AuthorizeResponseSchema,
  OrderStatus,
  PaymentStatus,
  PlaceOrderRequestSchema,
  PlaceOrderResponseSchema,
  PlaceOrdersRequestSchema,
  PlaceOrdersResponseSchema,
  WatchOrdersRequestSchema,
  WatchOrdersResponseSchema,
  type AuthorizeRequest,
  type PlaceOrderRequest,
} from '@millrace/contracts';

/** What is placed: the order as it is answered. */
export const order = {
  id: '0198c0de-7a10-7000-8000-000000004711',
  customerId: 'customer-4711',
  status: OrderStatus.CONFIRMED,
  sequence: 5n,
};

function createOrder(index: number) {
  return create(PlaceOrderRequestSchema, {
    idempotencyKey: `0198c0de-7a10-7000-8000-${String(index).padStart(12, '0')}`,
    customerId: 'customer-4711',
    currencyCode: 'EUR',
    lines: [
      { sku: 'kettle-red-1l', quantity: 2, quotedUnitPrice: { currencyCode: 'EUR', amountMinor: 4_999n } },
      { sku: 'teapot-blue-glazed-0.75l', quantity: 1 },
    ],
  });
}

/** An order of eight fields, 117 bytes. */
export const placeOrder = createOrder(0);

/** More of them than are under way at once: calls of one key run once. */
const orders = Array.from({ length: 4_096 }, (_, index) => createOrder(index));
let given = 0;

/** The same order with another key. */
export function nextOrder(): PlaceOrderRequest {
  given = (given + 1) % orders.length;
  return orders[given] as PlaceOrderRequest;
}

/** Its answer, some 60 bytes. */
export const placed = create(PlaceOrderResponseSchema, { order });

const PAYMENT_ID = '0198c0de-7a10-7000-8000-000000000815';

const authorizations = orders.map((_, index) =>
  create(AuthorizeRequestSchema, {
    idempotencyKey: `authorize-${index}`,
    paymentId: PAYMENT_ID,
    orderId: order.id,
    amount: { currencyCode: 'EUR', amountMinor: 9_998n },
  }),
);
let asked = 0;

/** What an order asks of payment, each time with another key. */
export function nextAuthorization(): AuthorizeRequest {
  asked = (asked + 1) % authorizations.length;
  return authorizations[asked] as AuthorizeRequest;
}

/** Its answer. */
export const authorized = create(AuthorizeResponseSchema, {
  payment: { id: PAYMENT_ID, orderId: order.id, status: PaymentStatus.AUTHORIZED },
});

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
