import { fromBinary } from '@bufbuild/protobuf';
import { PaymentSchema, PaymentStatus } from '@millrace/contracts';
import { asRows, createGather, ifNews } from '@millrace/durable';
import type { Bus, Consumer, Database, Event } from '@millrace/durable';
import { sql } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';
import { tables } from './tables.ts';

const GROUP = 'order';
const TOLD = { eventId: 'text', tenant: 'text', paymentId: 'uuid', status: 'text', sequence: 'bigint' };
type Held = { id: string; status: string; sequence: bigint };

/** Keeps `orders.payment_status`, for people to read, at what the payment service tells on the bus. */
export function consumePaymentEvents(bus: Bus, db: Database<OrderSchema>): Consumer {
  const note = (on: Parameters<typeof tables>[0], events: readonly Event[]) => {
    const told = events.map(({ id: eventId, tenant, sequence, payload }) => {
      const { id: paymentId, status } = fromBinary(PaymentSchema, payload);
      return { eventId, tenant, paymentId, sequence, status: PaymentStatus[status] };
    });
    const news = { group: GROUP, eventIds: events.map(({ id }) => id) };
    return (
      ifNews<OrderSchema>(tables(on), news)
        // In the order of the ids, as everything that holds several orders.
        .with(
          'held',
          () => sql<Held>`
            (SELECT orders.id, told.status, told.sequence
            FROM news JOIN ${asRows('told', told, TOLD)} USING (event_id)
              JOIN orders ON orders.payment_id = told.payment_id AND orders.tenant = told.tenant
            ORDER BY orders.id FOR UPDATE OF orders)`,
        )
        .updateTable('orders')
        .from('held')
        .set(({ ref }) => ({ paymentStatus: ref('held.status'), paymentSequence: ref('held.sequence') }))
        .whereRef('orders.id', '=', 'held.id')
        .whereRef('paymentSequence', '<', 'held.sequence')
        .execute()
    );
  };
  const gather = createGather<Event, void>({
    nameOf: ({ key }) => key,
    work: async (events, signal) => {
      await db.read((on) => note(on, events), { signal });
      return events.map(() => ({ status: 'fulfilled', value: undefined }));
    },
  });
  // What a process takes with it when it dies is with another one after that time.
  const options = { visibilityMs: 10_000, concurrency: 128 };
  return bus.consume(GROUP, ['payments'], (event, { signal }) => gather.add(event, { signal }), options);
}
