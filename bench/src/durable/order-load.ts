import { OrderStatus } from '@millrace/contracts';
import { createStreamClient, type OrderSender } from '@millrace/demo';
import type { System } from '@millrace/dev';

export interface OrderLoad {
  readonly system: Pick<System, 'addresses' | 'token'>;
  readonly sender: OrderSender;
  readonly streams: number;
  /** Orders under way at once on each stream. */
  readonly inFlight: number;
  /** Before orders are counted. */
  readonly warmUpMs: number;
  readonly durationMs: number;
}

const SKUS = ['LANTERN', 'HEART-HOLDER', 'MUG', 'CANDLE', 'TEAPOT', 'LIGHTS', 'BUNTING', 'CLOCK'];
let count = 0;

/** One to three products, each as popular as the others. */
function nextOrder() {
  const at = (count += 1);
  const lines = Array.from({ length: 1 + (at % 3) }, (_, line) => ({
    sku: SKUS[(at + 3 * line) % SKUS.length] ?? '',
    quantity: 1 + (at % 4),
  }));
  return { idempotencyKey: `bench-${at}`, customerId: `customer-${at % 40}`, currencyCode: 'GBP', lines };
}

/** Sends orders over PlaceOrders streams to the gateway, each as soon as one before it is answered. Orders confirmed a second. */
export async function driveOrders(load: OrderLoad): Promise<number> {
  const { system, sender, streams, inFlight, warmUpMs, durationMs } = load;
  const token = await system.token('importer', 'importer');
  const clients = Array.from({ length: streams }, () =>
    createStreamClient({ address: system.addresses.grpc, token }),
  );
  const fromMs = performance.now() + warmUpMs;
  const untilMs = fromMs + durationMs;
  let confirmed = 0;
  const sendOn = async (client: (typeof clients)[number]): Promise<void> => {
    while (performance.now() < untilMs) {
      const { status } = await sender.place(client, nextOrder());
      if (status !== OrderStatus.CONFIRMED) throw new Error(`an order ended ${OrderStatus[status]}`);
      const now = performance.now();
      if (now >= fromMs && now < untilMs) confirmed += 1;
    }
  };
  try {
    await Promise.all(clients.flatMap((client) => Array.from({ length: inFlight }, () => sendOn(client))));
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  return (confirmed / durationMs) * 1_000;
}
