import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { PlaceOrderRequestSchema, type PlaceOrdersResponseSchema } from '@millrace/contracts';
import type { PlaceOrderRequest, PlaceOrderResponse, PlaceOrdersRequest } from '@millrace/contracts';
import { asRpcError, mapConcurrently, serveEach, toStatus } from '@millrace/rpc';
import type { Call, ServeEachOptions } from '@millrace/rpc';

/** Orders of one stream that are under way at once; nothing more is read from the stream meanwhile. */
const WINDOW = 64;

export type PlaceOne = (request: PlaceOrderRequest, call: Call) => Promise<PlaceOrderResponse>;
/** What each order of a stream is served as: the effective PlaceOrder, and what it passes. */
export type PerOrder = Pick<ServeEachOptions<never, never>, 'method' | 'interceptors'>;
type Reply = MessageInitShape<typeof PlaceOrdersResponseSchema>;

/**
 * Each order of the stream is a PlaceOrder call of its own, with its checks, its deadline and its errors. Nobody waits for
 * it any more when the stream breaks, but what was accepted by then goes on to its end.
 */
export function createPlaceOrders(handler: PlaceOne, perOrder: PerOrder) {
  const place = serveEach({ ...perOrder, handler });
  const answer = async ({ correlationId, order }: PlaceOrdersRequest, stream: Call): Promise<Reply> => {
    try {
      const { order: placed } = await place(order ?? create(PlaceOrderRequestSchema), stream);
      return { correlationId, result: placed ? { case: 'order', value: placed } : { case: undefined } };
    } catch (error) {
      return { correlationId, result: { case: 'error', value: toStatus(asRpcError(error)) } };
    }
  };
  return (requests: AsyncIterable<PlaceOrdersRequest>, stream: Call): AsyncIterable<Reply> =>
    mapConcurrently(requests, WINDOW, (request) => answer(request, stream));
}
