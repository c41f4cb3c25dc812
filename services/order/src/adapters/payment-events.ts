import { fromBinary } from '@bufbuild/protobuf';
import { PaymentSchema, PaymentStatus } from '@millrace/contracts';
import { ifNews, type Bus, type Consumer, type Database, type Event } from '@millrace/durable';
import type { OrderSchema } from '../migrations/schema.ts';
import { tables } from './tables.ts';

const GROUP = 'order';

/** Keeps `orders.payment_status`, for people to read, at what the payment service tells on the bus. */
export function consumePaymentEvents(bus: Bus, db: Database<OrderSchema>): Consumer {
  const note = async ({ id: eventId, tenant, sequence, payload }: Event, signal: AbortSignal) => {
    const { id: paymentId, status } = fromBinary(PaymentSchema, payload);
    await db.read(
      (on) =>
        ifNews<OrderSchema>(tables(on), { group: GROUP, eventId })
          .updateTable('orders')
          .set({ paymentStatus: PaymentStatus[status], paymentSequence: sequence })
          .where((order) => order.and({ paymentId, tenant }))
          .where('paymentSequence', '<', sequence)
          .where((order) => order.exists(order.selectFrom('news').selectAll()))
          .execute(),
      { signal },
    );
  };
  // What a process takes with it when it dies is with another one after that time.
  const options = { visibilityMs: 10_000 };
  return bus.consume(GROUP, ['payments'], (event, { signal }) => note(event, signal), options);
}
