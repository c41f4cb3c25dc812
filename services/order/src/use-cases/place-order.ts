import { fingerprint, type Replies } from '@millrace/durable';
import { buyer, checkQuotes, type Caller } from '../domain/caller.ts';
import { place } from '../domain/order.ts';
import { refuse } from '../domain/order-error.ts';
import { checkCurrency, priceLines, type RequestedLine } from '../domain/pricing.ts';
import type { OrderDatabase, OrderSaga, OrderUnit } from './ports.ts';

/** The operation behind every placement. */
export const PLACE_ORDER = 'PlaceOrder';

export interface PlaceOrderPorts {
  db: OrderDatabase;
  replies: Pick<Replies, 'wait'>;
  saga: OrderSaga;
  newId: () => string;
  now: () => Date;
}

/** What is asked for. */
export interface PlaceOrderCommand {
  /** One order for each key of a caller. */
  readonly key: string;
  /** Empty: the caller. */
  readonly customerId: string;
  readonly currency: string;
  readonly lines: readonly RequestedLine[];
}

export type PlaceOrder = ReturnType<typeof createPlaceOrder>;

/**
 * Accepts an order once for its key and waits until its saga has decided it. From the commit on the order goes to its end,
 * whether or not the caller still waits. Resolves with the stored reply, the same for every repeat.
 */
export function createPlaceOrder({ db, replies, saga, newId, now }: PlaceOrderPorts) {
  return async (command: PlaceOrderCommand, caller: Caller, signal: AbortSignal): Promise<Uint8Array> => {
    const { key, currency, lines } = command;
    const { tenant, subject } = caller;
    const customerId = buyer(caller, command.customerId);
    checkQuotes(caller, lines);
    refuse(checkCurrency('currency_code', currency));
    const operation = { tenant, method: PLACE_ORDER, key: JSON.stringify([subject, key]) };
    const id = newId();
    const request = { fingerprint: canonical(customerId, currency, lines), subjectId: id };
    const accept = async ({ orders, products, begin }: OrderUnit) => {
      const skus = [...new Set(lines.map(({ sku }) => sku))];
      const priced = priceLines(lines, currency, await products.prices(tenant, skus));
      const order = place({ id, tenant, customerId, currency, ...priced, paymentId: newId() }, now());
      await orders.insert(order);
      await begin(saga, order);
    };
    const work = (unit: OrderUnit) => unit.once({ ...operation, ...request }, () => accept(unit));
    const { subjectId, reply } = await db.transaction(work, { signal, apart: JSON.stringify(operation) });
    return reply ?? replies.wait({ ...operation, subjectId }, { signal });
  };
}

/** The same for every way to write down the same request. */
function canonical(customer: string, currency: string, lines: readonly RequestedLine[]): string {
  const fields = lines.map(({ sku, quantity, quote }) => {
    return [sku, quantity, quote && [quote.currency, String(quote.amountMinor)]];
  });
  return fingerprint(Buffer.from(JSON.stringify([customer, currency, fields])));
}
