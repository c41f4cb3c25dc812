import { fromBinary } from '@bufbuild/protobuf';
import { OrderEventSchema, type OrderEvent } from '@millrace/contracts';
import type { EventLog } from '@millrace/durable';
import type { Caller } from '../domain/caller.ts';
import { createCursors } from './paging.ts';
import type { ReadOrders } from './read-orders.ts';

/** Where order events go: in the outbox and on the bus. */
export const ORDERS_TOPIC = 'orders';

export interface WatchOrdersPorts {
  events: Pick<EventLog, 'tail' | 'head'>;
  orders: Pick<ReadOrders, 'get'>;
}

export interface WatchOrdersQuery {
  /** Empty: from now on. "0": from the beginning. Else the cursor of an event: what comes after it. */
  readonly cursor: string;
  /** Empty: all that the caller may see. */
  readonly orderId: string;
}

export type WatchOrders = (
  query: WatchOrdersQuery,
  caller: Caller,
  signal: AbortSignal,
) => AsyncIterable<OrderEvent>;

/** Every change of every order the caller may see, each once and in order, also over reconnects. */
export function createWatchOrders({ events, orders }: WatchOrdersPorts): WatchOrders {
  return async function* watchOrders({ cursor, orderId }, caller, signal) {
    const { tenant } = caller;
    const customer = caller.trusted ? undefined : caller.subject;
    const cursors = createCursors(['WatchOrders', tenant, customer, orderId], 'cursor');
    const start = async () =>
      cursor === '' ? events.head() : BigInt(cursor === '0' ? 0 : cursors.decode(cursor));
    const after = await start();
    if (orderId !== '') await orders.get(orderId, caller, signal);
    const filter = {
      topic: ORDERS_TOPIC,
      tenant,
      ...(orderId !== '' && { aggregateId: orderId }),
      ...(customer !== undefined && { subject: customer }),
    };
    for await (const { position, payload } of events.tail({ after, signal, filter })) {
      yield { ...fromBinary(OrderEventSchema, payload), cursor: cursors.encode(String(position)) };
    }
  };
}
