import { fromBinary } from '@bufbuild/protobuf';
import { PaymentSchema, PaymentStatus } from '@millrace/contracts';
import { asRows, consumeOnce, sameMoment } from '@millrace/durable';
import type { Bus, Consumer, Database, Event } from '@millrace/durable';
import { sql, type Transaction } from 'kysely';
import type { OrderSchema } from '../migrations/schema.ts';

const TOLD = { paymentId: 'uuid', tenant: 'text', status: 'text', sequence: 'bigint' };

/** Keeps `orders.payment_status`, for people to read, at what the payment service tells on the bus. */
export function consumePaymentEvents(bus: Bus, db: Database<OrderSchema>): Consumer {
  // What a process takes with it when it dies is with another one after that time.
  return consumeOnce({ bus, db, group: 'order', topics: ['payments'], visibilityMs: 10_000, effect: note });
}

/** Holds the orders in the order of their ids, as everything that holds several. */
const note = sameMoment(async (tx: Transaction<OrderSchema>, events: readonly Event[]): Promise<void[]> => {
  const told = events.map(({ tenant, sequence, payload }) => {
    const { id: paymentId, status } = fromBinary(PaymentSchema, payload);
    return { paymentId, tenant, sequence, status: PaymentStatus[status] };
  });
  await sql`
    WITH held AS (
      SELECT orders.id, told.* FROM ${asRows('told', told, TOLD)}
      JOIN orders ON payment_id = "paymentId" AND orders.tenant = told.tenant
      ORDER BY orders.id FOR UPDATE OF orders
    )
    UPDATE orders SET payment_status = held.status, payment_sequence = held.sequence FROM held
    WHERE orders.id = held.id AND payment_sequence < held.sequence`.execute(tx);
  return [];
});
