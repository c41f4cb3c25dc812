import { describeService, OrderService } from '@millrace/contracts';
import { createBareServer } from '@millrace/rpc';
import { placeOrderHandler } from './handlers.ts';
import type { StartServer } from './traffic.ts';

/** The kit's server without interceptors. */
export const startKitServer: StartServer = async (handling) => {
  const handlers = { placeOrder: placeOrderHandler(handling) };
  const server = createBareServer({ services: [{ service: describeService(OrderService), handlers }] });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return port;
};
