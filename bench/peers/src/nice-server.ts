import { createServer } from 'nice-grpc';
import { openTelemetryServerMiddleware } from 'nice-grpc-opentelemetry';
import type { StartServer } from '../../src/sides/traffic.ts';
import { OrderStatus } from '../gen/ts-proto/shop/order/v1/order.ts';
import { OrderServiceDefinition, PlaceOrderResponse } from '../gen/ts-proto/shop/order/v1/order_service.ts';
import { createPlaced } from './messages.ts';

const { placeOrder } = OrderServiceDefinition.methods;
const definition = { ...OrderServiceDefinition, methods: { placeOrder } };
const placed = PlaceOrderResponse.fromPartial(createPlaced(OrderStatus.ORDER_STATUS_CONFIRMED, 5n));

/** nice-grpc with its OpenTelemetry middleware. */
export const startServer: StartServer = async () => {
  const server = createServer().use(openTelemetryServerMiddleware());
  server.add(definition, { placeOrder: () => Promise.resolve(placed) });
  return server.listen('127.0.0.1:0');
};
