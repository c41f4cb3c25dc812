import { create } from '@bufbuild/protobuf';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import type { OpenTraffic } from '../../src/sides/traffic.ts';
import { OrderService, PlaceOrderRequestSchema } from '../gen/es/shop/order/v1/order_service_pb.js';
import { clientTracing } from './connect-tracing.ts';
import { createOrders, TIMEOUT_MS } from './messages.ts';

/** connect-node with its gRPC transport, its timeout and an interceptor that traces. */
export const openTraffic: OpenTraffic = async (port) => {
  const transport = createGrpcTransport({
    baseUrl: `http://127.0.0.1:${port}`,
    interceptors: [clientTracing],
    defaultTimeoutMs: TIMEOUT_MS,
  });
  const orders = createClient(OrderService, transport);
  const nextOrder = createOrders(4_999n, ({ lines, ...order }) =>
    create(PlaceOrderRequestSchema, {
      ...order,
      lines: lines.map(({ quotedUnitPrice, ...line }) => ({
        ...line,
        ...(quotedUnitPrice && { quotedUnitPrice }),
      })),
    }),
  );
  return {
    unary: (done) => void orders.placeOrder(nextOrder()).then(() => done(undefined), done),
  };
};
