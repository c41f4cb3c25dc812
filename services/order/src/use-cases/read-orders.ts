import { maySee, orderNotFound, type Caller } from '../domain/caller.ts';
import type { Order, OrderStatus } from '../domain/order.ts';
import { createCursors, toPage, type Page, type PageRequest } from './paging.ts';
import type { OrderDatabase } from './ports.ts';

export interface ListOrdersQuery extends PageRequest {
  /** Undefined: all. */
  readonly status: OrderStatus | undefined;
}

export interface ReadOrders {
  /** Throws ORDER_NOT_FOUND also for orders that the caller may not see. */
  get(orderId: string, caller: Caller, signal: AbortSignal): Promise<Order>;
  /** Newest first; a customer's own only. */
  list(query: ListOrdersQuery, caller: Caller, signal: AbortSignal): Promise<Page<Order>>;
}

export function createReadOrders(db: OrderDatabase): ReadOrders {
  return {
    get: async (orderId, caller, signal) => {
      const order = await db.read(({ orders }) => orders.find(caller.tenant, orderId), { signal });
      if (!maySee(caller, order)) throw orderNotFound();
      return order;
    },
    list: async ({ status, pageSize, pageToken }, caller, signal) => {
      const { tenant } = caller;
      const customerId = caller.trusted ? undefined : caller.subject;
      const cursors = createCursors(['ListOrders', tenant, customerId, status], 'page_token');
      const before = pageToken === '' ? undefined : cursors.decode(pageToken);
      const query = { tenant, customerId, status, before, limit: pageSize + 1 };
      const found = await db.read(({ orders }) => orders.list(query), { signal });
      return toPage(found, pageSize, (last) => cursors.encode(last.id));
    },
  };
}
