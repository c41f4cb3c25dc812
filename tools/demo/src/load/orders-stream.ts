import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Order, OrderService, PlaceOrdersRequestSchema } from '@millrace/contracts';
import { asRpcError, Code, fromStatus, RpcError, type CallOptions, type Client } from '@millrace/rpc';
import type { PlaceOrderInit } from './orders-client.ts';
import { createPushQueue, type PushQueue } from './push-queue.ts';

type StreamRequest = MessageInitShape<typeof PlaceOrdersRequestSchema>;

interface Waiting {
  resolve(order: Order): void;
  reject(error: RpcError): void;
}

/** Orders over one PlaceOrders stream at a time. */
export interface OrdersStream {
  /** Throws RpcError: the order's own, or UNAVAILABLE when the stream broke; the next order then opens another. */
  place(order: PlaceOrderInit): Promise<Order>;
  /** Nothing more is sent. */
  end(): void;
}

export function createOrdersStream(
  client: Pick<Client<typeof OrderService>, 'placeOrders'>,
  options: CallOptions,
): OrdersStream {
  let stream: { requests: PushQueue<StreamRequest>; waiting: Map<bigint, Waiting> } | undefined;
  let lastId = 0n;

  const open = () => {
    const requests = createPushQueue<StreamRequest>();
    const waiting = new Map<bigint, Waiting>();
    void read(requests, waiting);
    return { requests, waiting };
  };
  const read = async (requests: PushQueue<StreamRequest>, waiting: Map<bigint, Waiting>): Promise<void> => {
    let ending = new RpcError(Code.UNAVAILABLE, 'the stream ended before the reply');
    try {
      for await (const { correlationId, result } of client.placeOrders(requests, options)) {
        const one = waiting.get(correlationId);
        if (result.case === 'order') one?.resolve(result.value);
        if (result.case === 'error') one?.reject(fromStatus(result.value));
        waiting.delete(correlationId);
      }
    } catch (error) {
      ending = asRpcError(error);
    }
    if (stream?.requests === requests) stream = undefined;
    requests.end();
    for (const one of waiting.values()) one.reject(ending);
  };
  return {
    place(order) {
      const { promise, resolve, reject } = Promise.withResolvers<Order>();
      stream ??= open();
      const correlationId = (lastId += 1n);
      stream.waiting.set(correlationId, { resolve, reject });
      stream.requests.push({ correlationId, order });
      return promise;
    },
    end: () => stream?.requests.end(),
  };
}
