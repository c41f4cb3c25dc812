import { describeService, OrderService } from '@millrace/contracts';
import { startRawChannelServer } from '@millrace/rpc/testing';
import { placeOrderHandler } from './handlers.ts';
import type { StartServer } from './traffic.ts';

/** The channel's server on HTTP/2 streams of Node's own, without grpc-js. */
export const startRawServer: StartServer = (handling) => {
  const handlers = { placeOrder: placeOrderHandler(handling) };
  return startRawChannelServer([{ service: describeService(OrderService), handlers }]);
};
