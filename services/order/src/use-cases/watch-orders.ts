import { fromBinary } from '@bufbuild/protobuf';
import { OrderEventSchema } from '@millrace/contracts';
import type { EventFilter, EventLog } from '@millrace/durable';
import type { Caller } from '../domain/caller.ts';
import { createCursors } from './paging.ts';
import type { ReadOrders } from './read-orders.ts';

/** Where order events go: in the outbox and on the bus. */
export const ORDERS_TOPIC = 'orders';

export interface WatchOrdersQuery {
  /** Empty: from now on. "0": from the beginning. Else the cursor of an event: what comes after it. */
  readonly cursor: string;
  /** Empty: all that the caller may see. */
  readonly orderId: string;
}

export type WatchOrders = ReturnType<typeof createWatchOrders>;

/** Every change of every order the caller may see, each once and in order, also over reconnects. */
export function createWatchOrders(events: Pick<EventLog, 'tail' | 'head'>, orders: Pick<ReadOrders, 'get'>) {
  return async function* (query: WatchOrdersQuery, caller: Caller, signal: AbortSignal) {
    const { cursor, orderId } = query;
    const { tenant } = caller;
    const subject = caller.trusted ? undefined : caller.subject;
    const cursors = createCursors(['WatchOrders', tenant, subject, orderId], 'cursor');
    const given = cursor === '' || cursor === '0' ? '0' : cursors.decode(cursor);
    if (orderId !== '') await orders.get(orderId, caller, signal);
    const after = cursor === '' ? await events.head() : BigInt(given);
    const filter: EventFilter = { topic: ORDERS_TOPIC, tenant };
    if (orderId !== '') filter.aggregateId = orderId;
    if (subject !== undefined) filter.subject = subject;
    for await (const { position, payload } of events.tail({ after, signal, filter })) {
      yield { ...fromBinary(OrderEventSchema, payload), cursor: cursors.encode(String(position)) };
    }
  };
}
