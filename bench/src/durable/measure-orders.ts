import {
  createObservations,
  createOrderSender,
  openBooks,
  readFindings,
  untilAtRest,
  type OpenBooks,
} from '@millrace/demo';
import { startSystem } from '@millrace/dev';
import { driveOrders } from './order-load.ts';

export interface OrdersOptions {
  readonly dataDir: string;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly progress: (text: string) => void;
}

const STREAMS = 8;
/** What the order service takes from a stream at once. */
const IN_FLIGHT = 64;

/**
 * Orders a second through gateway, order and payment as processes of their own, from 8 streams with 64 orders in flight each.
 * Throws when the books do not balance afterwards.
 */
export async function measureOrders(options: OrdersOptions): Promise<number> {
  const { dataDir, warmUpMs, durationMs, progress } = options;
  const system = await startSystem({ dataDir, env: { NODE_ENV: 'test', LOG_LEVEL: 'error' } });
  const observed = createObservations();
  const sender = createOrderSender(observed);
  const urls = { orders: system.databaseUrl('orders'), payments: system.databaseUrl('payments') };
  const books = openBooks(urls, observed);
  try {
    const load = { system, sender, streams: STREAMS, inFlight: IN_FLIGHT };
    const perSecond = await driveOrders({ ...load, warmUpMs, durationMs });
    const sentMs = performance.now();
    await untilAtRest(books, { limitMs: 120_000 });
    const restS = (performance.now() - sentMs) / 1_000;
    const [p50, p99] = [50, 99].map(
      (percentile) => observed.latency.getValueAtPercentile(percentile) / 1_000,
    );
    progress(
      `  ${perSecond.toFixed(0)} orders/s, p50 ${p50?.toFixed(0)} ms, p99 ${p99?.toFixed(0)} ms, ` +
        `${sender.retries} retries; the last event was handled ${restS.toFixed(1)} s after the last reply`,
    );
    await check(books);
    return perSecond;
  } finally {
    await books.close();
    await system.stop();
  }
}

async function check(books: OpenBooks): Promise<void> {
  const broken = (await readFindings(books)).filter(({ ok }) => !ok);
  if (broken.length > 0) throw new Error(broken.map(({ id, detail }) => `${id}: ${detail}`).join('\n'));
}
