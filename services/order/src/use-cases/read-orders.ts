import { maySee, orderNotFound, type Caller } from '../domain/caller.ts';
import type { Order, OrderStatus } from '../domain/order.ts';
import { createCursors, toPage, type Page, type PageRequest } from './paging.ts';
import type { OrderDatabase } from './ports.ts';

type ListOrdersQuery = PageRequest & { status: OrderStatus | undefined };

export type ReadOrders = ReturnType<typeof createReadOrders>;

/** What callers may see of the orders: customers their own, importers and admins all of their tenant. */
export function createReadOrders(db: OrderDatabase) {
  return {
    /** Throws ORDER_NOT_FOUND also for orders that the caller may not see. */
    get: async (orderId: string, caller: Caller, signal: AbortSignal): Promise<Order> => {
      const order = await db.read(({ orders }) => orders.find(caller.tenant, orderId), { signal });
      if (!maySee(caller, order)) throw orderNotFound();
      return order;
    },
    /** Newest first. */
    list: async (query: ListOrdersQuery, caller: Caller, signal: AbortSignal): Promise<Page<Order>> => {
      const { status, pageSize, pageToken } = query;
      const { tenant } = caller;
      const customerId = caller.trusted ? undefined : caller.subject;
      const cursors = createCursors(['ListOrders', tenant, customerId, status], 'page_token');
      const before = pageToken === '' ? undefined : cursors.decode(pageToken);
      const wanted = { tenant, customerId, status, before, limit: pageSize + 1 };
      const found = await db.read(({ orders }) => orders.list(wanted), { signal });
      return toPage(found, pageSize, (last) => cursors.encode(last.id));
    },
  };
}
