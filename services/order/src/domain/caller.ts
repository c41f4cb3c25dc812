import { OrderError } from './order-error.ts';
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
export function buyer(caller: Caller, customerId: string): string {
  if (customerId === '' || customerId === caller.subject) return caller.subject;
  if (caller.trusted) return customerId;
  throw denied('CUSTOMER_MISMATCH', 'customer_id', 'customers buy for themselves only');
}

/** Throws where somebody quotes a price who may not. */
export function checkQuotes(caller: Caller, lines: readonly RequestedLine[]): void {
  const index = lines.findIndex((line) => line.quote !== undefined);
  if (caller.trusted || index < 0) return;
  throw denied('QUOTE_NOT_ALLOWED', `lines[${index}].quoted_unit_price`, 'only importers may quote prices');
}

/** Whether the caller may know that the order exists. */
export function maySee(caller: Caller, order: Pick<Order, 'tenant' | 'customerId'>): boolean {
  return order.tenant === caller.tenant && (caller.trusted || order.customerId === caller.subject);
}

/** The error for an order that is not there, or not there for this caller: nobody can tell which. */
export function orderNotFound(): OrderError {
  return new OrderError('ORDER_NOT_FOUND', 'no such order');
}

function denied(reason: string, field: string, description: string): OrderError {
  return new OrderError(reason, `${field}: ${description}`, [{ field, description, reason }]);
}
