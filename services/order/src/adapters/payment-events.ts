import { fromBinary } from '@bufbuild/protobuf';
import { PaymentSchema, PaymentStatus } from '@millrace/contracts';
import { handleOnce, type Bus, type Consumer, type Database } from '@millrace/durable';
import type { OrderSchema } from '../migrations/schema.ts';
import { tables } from './tables.ts';

/** Keeps `orders.payment_status`, for people to read, at what the payment service tells on the bus. */
export function consumePaymentEvents(bus: Bus, db: Database<OrderSchema>): Consumer {
  const group = 'order';
  return bus.consume(group, ['payments'], async (event, { signal }) => {
    const payment = fromBinary(PaymentSchema, event.payload);
    const news = { paymentStatus: PaymentStatus[payment.status], paymentSequence: event.sequence };
    await db.transaction(
      async (tx) => {
        await handleOnce(tx, { group, eventId: event.id }, async () => {
          await tables(tx)
            .updateTable('orders')
            .set(news)
            .where('paymentId', '=', payment.id)
            .where('tenant', '=', event.tenant)
            .where('paymentSequence', '<', event.sequence)
            .execute();
        });
      },
      { signal },
    );
  });
}
