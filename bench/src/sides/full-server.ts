import { describeService, OrderService, type WatchOrdersRequest } from '@millrace/contracts';
import { startTelemetry } from '@millrace/runtime';
import { changed, placedOrders } from '../messages.ts';
import { placeOrderHandler } from './handlers.ts';
import { serveFull } from './serve-full.ts';
import type { StartServer } from './traffic.ts';

async function* watchOrders({ cursor }: WatchOrdersRequest): AsyncIterable<unknown> {
  for (let left = Number(cursor); left > 0; left--) yield changed;
}

async function* placeOrders(requests: AsyncIterable<unknown>): AsyncIterable<unknown> {
  for await (const _request of requests) yield placedOrders;
}

/** The kit with its whole chain, as a service has it. */
export const startFullServer: StartServer = async (handling) => {
  await startTelemetry({ service: 'order', env: 'production' });
  const handlers = {
    placeOrder: placeOrderHandler(handling),
    placeOrders: (requests: unknown) => placeOrders(requests as AsyncIterable<unknown>),
    watchOrders: (request: unknown) => watchOrders(request as WatchOrdersRequest),
  };
  const implementation = { service: describeService(OrderService), handlers };
  return serveFull(implementation, { service: 'order', callers: ['gateway'] });
};
