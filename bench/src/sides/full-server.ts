import { describeService, OrderService, type WatchOrdersRequest } from '@millrace/contracts';
import { createServer, createVerifier } from '@millrace/interceptors';
import { createLogger, startTelemetry } from '@millrace/runtime';
import { changed, placedOrders } from '../messages.ts';
import { readSetup } from '../setup.ts';
import { placeOrderHandler } from './handlers.ts';
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
  const { keySetFile } = readSetup();
  const logger = createLogger({ service: 'order' });
  const server = createServer({
    services: [
      {
        service: describeService(OrderService),
        handlers: {
          placeOrder: placeOrderHandler(handling),
          placeOrders: (requests) => placeOrders(requests as AsyncIterable<unknown>),
          watchOrders: (request) => watchOrders(request as WatchOrdersRequest),
        },
      },
    ],
    service: 'order',
    logger,
    auth: createVerifier({ keySetFile, issuers: ['gateway'], audience: 'order', logger }),
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return port;
};
