import { OrderStatus } from '@millrace/contracts';
import { codeName, RpcError } from '@millrace/rpc';
import { atOnce } from './at-once.ts';
import type { OrderSender } from './order-sender.ts';
import type { OrdersClient } from './orders-client.ts';
import type { PlannedOrder, Way } from './plan-orders.ts';

export interface TakeOrdersOptions {
  clients: Record<Way, OrdersClient>;
  sender: OrderSender;
  /** Orders under way at once, on each way. */
  concurrency: number;
  /** After each order that is done with, its duplicate and cancellation included. */
  onDone?(): void;
}

/** A system that answers so few will not answer the rest either; each would be waited for. */
const GIVE_UP_AFTER = 50;

/** Sends every planned order through the gateway. Returns the orders that got no answer, with the reason; none in a good run. */
export async function takeOrders(
  plan: readonly PlannedOrder[],
  { clients, sender, concurrency, onDone }: TakeOrdersOptions,
): Promise<string[]> {
  const failures: string[] = [];
  const work = async (planned: PlannedOrder): Promise<void> => {
    if (failures.length >= GIVE_UP_AFTER) return;
    try {
      await takeOrder(planned, clients[planned.way], sender);
    } catch (error) {
      const code = error instanceof RpcError ? `${codeName(error.code)} ` : '';
      failures.push(`${planned.key} (${planned.way}): ${code}${(error as Error).message}`);
    }
    onDone?.();
  };
  const ways = Object.keys(clients) as Way[];
  await Promise.all(
    ways.map((way) => {
      const own = plan.filter((planned) => planned.way === way);
      return atOnce(own, concurrency, work);
    }),
  );
  return failures;
}

async function takeOrder(planned: PlannedOrder, client: OrdersClient, sender: OrderSender): Promise<void> {
  const { key, customer, lines, twice, cancel, way, firstTimeoutMs } = planned;
  const request = { idempotencyKey: key, customerId: customer, currencyCode: 'GBP', lines: [...lines] };
  // A message on a stream has no deadline of its own but the method's.
  const place = () => sender.place(client, request, way === 'http' ? firstTimeoutMs : undefined);
  const [order] = await Promise.all([place(), ...(twice === 'at once' ? [place()] : [])]);
  if (twice === 'afterwards') await place();
  if (cancel && order.status === OrderStatus.CONFIRMED) await sender.cancel(client, order);
}
