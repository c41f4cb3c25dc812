import { fingerprint, type Replies } from '@millrace/durable';
import { buyer, checkQuotes, type Caller } from '../domain/caller.ts';
import { place } from '../domain/order.ts';
import { refuse } from '../domain/order-error.ts';
import { checkCurrency, priceLines, type RequestedLine } from '../domain/pricing.ts';
import type { OrderDatabase, OrderSaga } from './ports.ts';

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

export type PlaceOrder = (
  command: PlaceOrderCommand,
  caller: Caller,
  signal: AbortSignal,
) => Promise<Uint8Array>;

/**
 * Accepts an order once for its key and waits until its saga has decided it. From the commit on the order goes to its end,
 * whether or not the caller still waits. Resolves with the stored reply, the same for every repeat.
 */
export function createPlaceOrder({ db, replies, saga, newId, now }: PlaceOrderPorts): PlaceOrder {
  return async ({ key, customerId, currency, lines }, caller, signal) => {
    const customer = buyer(caller, customerId);
    checkQuotes(caller, lines);
    refuse(checkCurrency('currency_code', currency));
    const { tenant } = caller;
    const operation = { tenant, method: PLACE_ORDER, key: `${caller.subject}/${key}` };
    const orderId = newId();
    const request = { fingerprint: canonical(customer, currency, lines), subjectId: orderId };
    const accepted = await db.transaction(
      (unit) =>
        unit.once({ ...operation, ...request }, async () => {
          const skus = [...new Set(lines.map(({ sku }) => sku))];
          const priced = priceLines(lines, currency, await unit.products.prices(tenant, skus));
          const ids = { id: orderId, paymentId: newId() };
          const order = place({ ...ids, tenant, customerId: customer, currency, ...priced }, now());
          await unit.orders.insert(order);
          await unit.begin(saga, order);
        }),
      { signal },
    );
    const first = accepted.kind === 'first';
    const known = first ? undefined : accepted.reply;
    const subjectId = first ? orderId : accepted.subjectId;
    return known ?? (await replies.wait({ ...operation, subjectId }, { signal }));
  };
}

/** The same for every way to write down the same request. */
function canonical(customer: string, currency: string, lines: readonly RequestedLine[]): string {
  const fields = lines.map(({ sku, quantity, quote }) => {
    return [sku, quantity, quote && [quote.currency, String(quote.amountMinor)]];
  });
  return fingerprint(Buffer.from(JSON.stringify([customer, currency, fields])));
}
