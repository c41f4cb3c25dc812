/** As many as the kit's client has, each with another key. */
const COUNT = 4_096;
const CUSTOMER_ID = 'customer-4711';
const CURRENCY = 'EUR';

function keyOf(index: number): string {
  return `0198c0de-7a10-7000-8000-${String(index).padStart(12, '0')}`;
}

/** The order that the kit's client sends, with int64 as the peer has it. */
function createOrder<Long>(index: number, amountMinor: Long) {
  return {
    idempotencyKey: keyOf(index),
    customerId: CUSTOMER_ID,
    currencyCode: CURRENCY,
    lines: [
      { sku: 'kettle-red-1l', quantity: 2, quotedUnitPrice: { currencyCode: CURRENCY, amountMinor } },
      { sku: 'teapot-blue-glazed-0.75l', quantity: 1, quotedUnitPrice: undefined },
    ],
  };
}

/** Gives one order after the other; `complete` makes what the peer's client takes of each. */
export function createOrders<Long, Message>(
  amountMinor: Long,
  complete: (order: ReturnType<typeof createOrder<Long>>) => Message,
): () => Message {
  const orders = Array.from({ length: COUNT }, (_, index) => complete(createOrder(index, amountMinor)));
  let given = 0;
  return () => {
    given = (given + 1) % COUNT;
    return orders[given] as Message;
  };
}

/** What the kit's server answers; `status` is CONFIRMED. */
export function createPlaced<Status, Long>(status: Status, sequence: Long) {
  return {
    order: { id: '0198c0de-7a10-7000-8000-000000004711', customerId: CUSTOMER_ID, status, sequence },
  };
}

/** How long each call may take, as the proto says. */
export const TIMEOUT_MS = 20_000;
