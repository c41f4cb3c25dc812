import { OrderError, refuse, wrong } from './order-error.ts';
import type { Order } from './order.ts';
import type { RequestedLine } from './pricing.ts';

/** On whose behalf something is asked for; from a verified token only. */
export interface Caller {
  readonly subject: string;
  readonly tenant: string;
  /** Importers and admins buy for others, quote prices and see all orders of their tenant. */
  readonly trusted: boolean;
}

/** Who buys. Throws where a customer names somebody else. */
export function buyer({ subject, trusted }: Caller, customerId: string): string {
  if (!trusted && customerId !== '' && customerId !== subject) {
    refuse([wrong('customer_id', 'CUSTOMER_MISMATCH', 'customers buy for themselves only')]);
  }
  return customerId || subject;
}

/** Throws where somebody quotes prices who may not. */
export function checkQuotes({ trusted }: Caller, lines: readonly RequestedLine[]): void {
  const refusal = (index: number) =>
    wrong(`lines[${index}].quoted_unit_price`, 'QUOTE_NOT_ALLOWED', 'only importers may quote prices');
  if (!trusted) refuse(lines.flatMap(({ quote }, index) => (quote ? [refusal(index)] : [])));
}

/** Whether the caller may know that the order exists. */
export function maySee(caller: Caller, order: Pick<Order, 'tenant' | 'customerId'>): boolean {
  return order.tenant === caller.tenant && (caller.trusted || order.customerId === caller.subject);
}

/** The error for an order that is not there, or not there for this caller: nobody can tell which. */
export function orderNotFound(): OrderError {
  return new OrderError('ORDER_NOT_FOUND', 'no such order');
}
