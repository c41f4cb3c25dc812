import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Order, PlaceOrderRequestSchema } from '@millrace/contracts';

export type PlaceOrderInit = MessageInitShape<typeof PlaceOrderRequestSchema>;

/** One attempt a call, over whichever protocol. All throw RpcError. */
export interface OrdersClient {
  place(request: PlaceOrderInit, options?: { timeoutMs?: number | undefined }): Promise<Order>;
  /** As the customer who bought. */
  cancel(order: Pick<Order, 'id' | 'customerId'>): Promise<Order>;
  close(): Promise<void>;
}

/** What the contract gives PlaceOrder and CancelOrder. */
export const ORDER_DEADLINE_MS = 20_000;
