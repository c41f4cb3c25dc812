import type { DurableTables } from '@millrace/durable';
import type { Generated } from 'kysely';
import type { Order, OrderLine } from '../domain/order.ts';

/**
 * The order service's tables, as the migrations leave them. Ours are in camel case here and in snake case in the database:
 * read and write them through `adapters/tables.ts`.
 */
export interface OrderSchema extends DurableTables {
  orders: Omit<Order, 'lines'> & {
    /** What the payment service last told of the payment; null before it told anything. */
    paymentStatus: Generated<string | null>;
    paymentSequence: Generated<bigint>;
  };
  /** `line` counts from 1, in the order they were sent. */
  orderLines: OrderLine & { orderId: string; line: number };
  products: {
    tenant: string;
    sku: string;
    description: string;
    currency: string;
    unitPriceMinor: bigint;
    /** What is in the warehouse. */
    onHand: bigint;
    /** What of it belongs to orders that are not decided yet. */
    reserved: Generated<bigint>;
  };
}
