import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { CatalogService, OrderSchema, OrderService, type ProductInputSchema } from '@millrace/contracts';
import { createBareClient, createTransport } from '@millrace/rpc';
import { ORDER_DEADLINE_MS, type OrdersClient } from './orders-client.ts';
import { createOrdersStream } from './orders-stream.ts';

export interface StreamClientOptions {
  /** The gateway's gRPC end: `127.0.0.1:8081`. */
  address: string;
  /** An importer's: it may name who buys. */
  token: string;
}

/** The gRPC API of the gateway: orders over one stream, the rest by single calls. */
export interface StreamClient extends OrdersClient {
  putProducts(products: MessageInitShape<typeof ProductInputSchema>[]): Promise<void>;
}

export function createStreamClient({ address, token }: StreamClientOptions): StreamClient {
  const transport = createTransport({ address });
  const orders = createBareClient(OrderService, { transport });
  const catalog = createBareClient(CatalogService, { transport });
  const metadata = { authorization: `Bearer ${token}` };
  const stream = createOrdersStream(orders, { metadata });
  return {
    place: (order) => stream.place(order),
    async cancel({ id }) {
      const { order } = await orders.cancelOrder({ orderId: id }, { metadata, timeoutMs: ORDER_DEADLINE_MS });
      return order ?? create(OrderSchema);
    },
    async putProducts(products) {
      await catalog.putProducts({ products }, { metadata });
    },
    async close() {
      stream.end();
      await transport.close();
    },
  };
}
