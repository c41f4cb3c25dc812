// A client process of the memory scenario. Argument: the server's port.
import { getEventListeners } from 'node:events';
import { OrderService } from '@millrace/contracts';
import { createBareClient, createTransport, type Transport } from '@millrace/rpc';
import { answer } from '../answer.ts';
import { nextOrder } from '../messages.ts';
import { createCalls, type Over } from './calls.ts';
import { drive } from './drive.ts';
import { flood } from './flood.ts';
import { takeFootprint } from './footprint.ts';
import type { Load } from './load.ts';
import { customer, openOrders } from './orders.ts';

const port = Number(process.argv[2]);
/** One for all calls: what is left on it would be a leak. */
const { signal } = new AbortController();
const TIMEOUT_MS = 10_000;

const open: Transport[] = [];

/** Opens transports, each with a call behind it. */
async function openIdle({ count, channel }: { count: number } & Over): Promise<void> {
  for (let index = 0; index < count; index++) {
    const transport = createTransport({ address: `127.0.0.1:${port}`, ...{ channel } });
    open.push(transport);
    await createBareClient(OrderService, { transport }).placeOrder(nextOrder());
  }
}

async function closeIdle(): Promise<void> {
  await Promise.all(open.splice(0).map((transport) => transport.close()));
}

async function floodAll({ count }: { count: number }): Promise<object> {
  const transport = createTransport({ address: `127.0.0.1:${port}`, ...{ channel: true } });
  const client = createBareClient(OrderService, { transport });
  await client.placeOrder(nextOrder());
  return flood(count, () => client.placeOrder(nextOrder()));
}

const orders = await openOrders(port, { channel: true });
const traffic = createCalls(orders, { context: customer, timeoutMs: TIMEOUT_MS, signal });

answer({
  openIdle,
  closeIdle,
  flood: floodAll,
  drive: (load: Load) => drive(traffic, load),
  footprint: () => takeFootprint(getEventListeners(signal, 'abort').length),
});
