import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { create } from '@bufbuild/protobuf';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import type { StartServer } from '../../src/sides/traffic.ts';
import { OrderStatus } from '../gen/es/shop/order/v1/order_pb.js';
import { OrderService, PlaceOrderResponseSchema } from '../gen/es/shop/order/v1/order_service_pb.js';
import { serverTracing } from './connect-tracing.ts';
import { createPlaced } from './messages.ts';

/** connect-node behind Node's HTTP/2 server, with an interceptor that traces. */
export const startServer: StartServer = async () => {
  const placed = create(PlaceOrderResponseSchema, createPlaced(OrderStatus.CONFIRMED, 5n));
  const adapter = connectNodeAdapter({
    routes: (router) => router.service(OrderService, { placeOrder: () => placed }),
    interceptors: [serverTracing],
  });
  const server = createServer(adapter).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};
