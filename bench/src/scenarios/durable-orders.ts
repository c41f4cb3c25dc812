import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureOrders } from '../durable/measure-orders.ts';
import { measureServer } from '../durable/measure-server.ts';
import type { Scenario } from '../measure.ts';
import { spreadOf } from '../statistics.ts';

const BAR = 0.25;

/**
 * Durable orders through a gRPC stream, the gateway, the order and the payment service, against the limit: the same PostgreSQL
 * server writing only the rows that one order leaves in both databases, with their indexes. In turns, for the machine drifts.
 */
export const durableOrders: Scenario = async ({ full, progress }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-durable-'));
  const [warmUpMs, durationMs, orders] = full ? [10_000, 30_000, 4_000] : [5_000, 8_000, 2_000];
  const [rates, limits]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < (full ? 5 : 3); round++) {
      rates.push(await measureOrders({ dataDir, warmUpMs, durationMs, progress }));
      limits.push(await measureServer({ dataDir, orders, progress }));
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
  const ratio = spreadOf(rates.map((rate, round) => rate / (limits[round] ?? NaN))).median;
  return [
    { name: 'durable.orders-vs-limit', value: ratio, bar: BAR, better: 'higher', unit: 'x' },
    { name: 'durable.orders', value: spreadOf(rates).median, better: 'higher', unit: 'orders/s' },
    { name: 'durable.limit', value: spreadOf(limits).median, better: 'higher', unit: 'orders/s' },
  ];
};
