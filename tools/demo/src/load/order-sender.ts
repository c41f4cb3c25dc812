import { OrderStatus, type Order } from '@millrace/contracts';
import type { Observations } from './observations.ts';
import { ORDER_DEADLINE_MS, type OrdersClient, type PlaceOrderInit } from './orders-client.ts';
import { patiently } from './patiently.ts';

/** Sends what it is given until there is an answer, and notes what it sees. */
export interface OrderSender {
  /** `firstTimeoutMs` is a deadline for the first attempt only. Throws RpcError when no order can be made. */
  place(client: OrdersClient, request: PlaceOrderInit, firstTimeoutMs?: number): Promise<Order>;
  cancel(client: OrdersClient, order: Pick<Order, 'id' | 'customerId'>): Promise<void>;
  retrying<T>(attempt: (number: number) => Promise<T>): Promise<T>;
  /** Attempts that had to be repeated. */
  readonly retries: number;
}

export function createOrderSender(observed: Observations): OrderSender {
  let retries = 0;
  const retrying = <T>(attempt: (number: number) => Promise<T>) =>
    patiently(attempt, { onRetry: () => void (retries += 1) });

  const timed = async <T>(what: string, deadlineMs: number, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      observed.called({ what, deadlineMs, tookMs: performance.now() - start });
    }
  };
  return {
    retrying,
    get retries() {
      return retries;
    },
    async place(client, request, firstTimeoutMs) {
      const { idempotencyKey: key = '' } = request;
      const start = performance.now();
      const order = await retrying((attempt) => {
        const timeoutMs = attempt === 0 ? firstTimeoutMs : undefined;
        return timed(`PlaceOrder ${key}`, timeoutMs ?? ORDER_DEADLINE_MS, () =>
          client.place(request, { timeoutMs }),
        );
      });
      observed.answered(key, order, performance.now() - start);
      return order;
    },
    async cancel(client, order) {
      const cancelled = await retrying(() =>
        timed(`CancelOrder ${order.id}`, ORDER_DEADLINE_MS, () => client.cancel(order)),
      );
      if (cancelled.status === OrderStatus.CANCELLED) observed.cancelAcknowledged(order.id);
    },
  };
}
