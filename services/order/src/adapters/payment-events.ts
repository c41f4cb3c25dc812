import { fromBinary } from '@bufbuild/protobuf';
import { PaymentSchema, PaymentStatus } from '@millrace/contracts';
import { handleOnce, type Bus, type Consumer, type Database } from '@millrace/durable';
import type { OrderSchema } from '../migrations/schema.ts';
import { tables } from './tables.ts';

/** Keeps `orders.payment_status`, for people to read, at what the payment service tells on the bus. */
export function consumePaymentEvents(bus: Bus, db: Database<OrderSchema>): Consumer {
  const group = 'order';
  return bus.consume(group, ['payments'], async ({ id: eventId, tenant, sequence, payload }, { signal }) => {
    const { id: paymentId, status } = fromBinary(PaymentSchema, payload);
    const news = { paymentStatus: PaymentStatus[status], paymentSequence: sequence };
    await db.transaction(
      (tx) =>
        handleOnce(tx, { group, eventId }, async () => {
          const known = tables(tx)
            .updateTable('orders')
            .where((order) => order.and({ paymentId, tenant }));
          await known.set(news).where('paymentSequence', '<', sequence).execute();
        }),
      { signal },
    );
  });
}
