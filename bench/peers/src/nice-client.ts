import { createChannel, createClientFactory } from 'nice-grpc';
import { deadlineMiddleware } from 'nice-grpc-client-middleware-deadline';
import { retryMiddleware } from 'nice-grpc-client-middleware-retry';
import { openTelemetryClientMiddleware } from 'nice-grpc-opentelemetry';
import type { OpenTraffic } from '../../src/sides/traffic.ts';
import { OrderServiceDefinition, PlaceOrderRequest } from '../gen/ts-proto/shop/order/v1/order_service.ts';
import { createOrders, TIMEOUT_MS } from './messages.ts';

/** nice-grpc with its OpenTelemetry, retry and deadline middleware, in the order that its manual gives. */
export const openTraffic: OpenTraffic = async (port) => {
  const orders = createClientFactory()
    .use(openTelemetryClientMiddleware())
    .use(retryMiddleware)
    .use(deadlineMiddleware)
    .create(OrderServiceDefinition, createChannel(`127.0.0.1:${port}`));
  const nextOrder = createOrders(4_999n, (order) => PlaceOrderRequest.fromPartial(order));
  return {
    unary: (done) =>
      void orders.placeOrder(nextOrder(), { deadline: TIMEOUT_MS }).then(() => done(undefined), done),
  };
};
