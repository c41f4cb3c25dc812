import { OrderStatus, type Order } from '@millrace/contracts';
import { RpcError } from '@millrace/rpc';
import { atOnce } from '../load/at-once.ts';
import type { PlaceOrderInit } from '../load/orders-client.ts';
import type { StreamClient } from '../load/stream-client.ts';
import type { OrderSender } from '../load/order-sender.ts';
import { readInvoices, type Catalogue, type Invoice } from './invoices.ts';
import { createPurchases, type Purchases } from './purchases.ts';
import { readRows } from './read-rows.ts';
import type { Remarks } from './remarks.ts';

/** The file names no currency; its shop sells in pounds. */
export const CURRENCY = 'GBP';
const PAGE = 500;
const MAX_STOCK = 1_000_000_000;

export interface ImportOptions {
  file: string;
  catalogue: Catalogue;
  /** An importer's. */
  client: StreamClient;
  sender: OrderSender;
  remarks: Remarks;
  /** Invoices under way at once. */
  concurrency: number;
  /** After each invoice. */
  onDone?(): void;
}

/** What became of the invoices; what went wrong with single lines stands in the remarks. */
export interface Imported {
  /** Sales that became orders, whatever was decided about them. */
  orders: number;
  /** Cancelling invoices that cancelled an order. */
  cancelled: number;
  returnsWithoutPurchase: number;
  /** Sales that the order service refused. */
  refused: number;
}

/** Registers the file's products with what the file sells of them, a page at a time. */
export async function registerProducts({ client, sender, catalogue }: ImportOptions): Promise<void> {
  const products = [...catalogue.products].map(([sku, { description, unitPriceMinor, sold }]) => {
    const unitPrice = { currencyCode: CURRENCY, amountMinor: unitPriceMinor };
    return { sku, description, unitPrice, available: BigInt(Math.min(sold, MAX_STOCK)) };
  });
  for (let at = 0; at < products.length; at += PAGE)
    await sender.retrying(() => client.putProducts(products.slice(at, at + PAGE)));
}

/** Replays the file: an order for each sale, in the order of the file for each customer; returns cancel. */
export async function importOrders(options: ImportOptions): Promise<Imported> {
  const { file, catalogue, remarks, concurrency, onDone } = options;
  const imported: Imported = { orders: 0, cancelled: 0, returnsWithoutPurchase: 0, refused: 0 };
  const purchases = createPurchases();
  const lastOf = new Map<string, Promise<void>>();
  const handle = (invoice: Invoice) =>
    invoice.isReturn
      ? giveBack(invoice, purchases, { options, imported })
      : sell(invoice, purchases, { options, imported });
  const invoices = readInvoices(readRows(file), catalogue.lastLines, remarks.add);
  await atOnce(invoices, concurrency, async (invoice) => {
    const { customer } = invoice;
    const mine = (lastOf.get(customer) ?? Promise.resolve()).then(() => handle(invoice));
    lastOf.set(customer, mine);
    await mine;
    if (lastOf.get(customer) === mine) lastOf.delete(customer);
    onDone?.();
  });
  return imported;
}

interface Import {
  options: ImportOptions;
  imported: Imported;
}

function toRequest({ number, customer, rows }: Invoice): PlaceOrderInit {
  return {
    idempotencyKey: `invoice-${number}`,
    customerId: customer,
    currencyCode: CURRENCY,
    lines: rows.map(({ sku, quantity, unitPriceMinor }) => {
      return { sku, quantity, quotedUnitPrice: { currencyCode: CURRENCY, amountMinor: unitPriceMinor } };
    }),
  };
}

async function sell(invoice: Invoice, purchases: Purchases, { options, imported }: Import): Promise<void> {
  const { client, sender, remarks } = options;
  const line = invoice.rows[0]?.line ?? 0;
  let order: Order;
  try {
    order = await sender.place(client, toRequest(invoice));
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    imported.refused += 1;
    const text = `invoice ${invoice.number}: ${error.message}`;
    return remarks.add({ line, reason: `refused by the order service, ${error.reason}`, text });
  }
  imported.orders += 1;
  if (order.status === OrderStatus.CONFIRMED) return purchases.bought(invoice, order.id);
  const text = `invoice ${invoice.number}: order ${order.id}`;
  remarks.add({ line, reason: `${OrderStatus[order.status].toLowerCase()}, ${order.statusReason}`, text });
}

async function giveBack(
  invoice: Invoice,
  purchases: Purchases,
  { options, imported }: Import,
): Promise<void> {
  const { number, customer, rows, badRows } = invoice;
  // With a line missing nobody can say what the rest would match.
  const id = badRows === 0 ? purchases.takeMatching(invoice) : undefined;
  if (id !== undefined) {
    await options.sender.cancel(options.client, { id, customerId: customer });
    imported.cancelled += 1;
    return;
  }
  imported.returnsWithoutPurchase += 1;
  const pieces = rows.map(({ quantity, sku }) => `${quantity} x ${sku}`).join(', ');
  const text = `invoice ${number}, customer ${customer}: ${pieces}`;
  options.remarks.add({ line: rows[0]?.line ?? 0, reason: 'return without purchase', text });
}
