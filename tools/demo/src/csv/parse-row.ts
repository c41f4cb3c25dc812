import { parse } from 'csv-parse/sync';
import { parsePrice } from './parse-price.ts';

/** The columns of an order file, in any order. */
export const COLUMNS = [
  'InvoiceNo',
  'StockCode',
  'Description',
  'Quantity',
  'InvoiceDate',
  'UnitPrice',
  'CustomerID',
  'Country',
] as const;
export type Column = (typeof COLUMNS)[number];

/** One usable order line. */
export interface OrderRow {
  readonly line: number;
  readonly invoice: string;
  /** The invoice takes back what was bought; `quantity` says how many come back. */
  readonly isReturn: boolean;
  readonly sku: string;
  readonly description: string;
  /** Always above zero. */
  readonly quantity: number;
  readonly unitPriceMinor: bigint;
  /** Undefined for a guest. */
  readonly customer: string | undefined;
}

/** One line that cannot be used, and why. The reason is one of few, so that they can be counted. */
export interface BadRow {
  readonly line: number;
  readonly reason: string;
  readonly text: string;
  /** Known when the line was read that far. */
  readonly invoice?: string;
}

const MAX_QUANTITY = 1_000_000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/** The fields of one line of CSV; undefined when its quotes are broken. */
export function splitFields(text: string): string[] | undefined {
  // Without a quote in it a line of CSV is just its fields between commas; that is nearly every line.
  if (!text.includes('"')) return text.split(',');
  try {
    return parse(text, { relax_column_count: true })[0];
  } catch {
    return undefined;
  }
}

function isDate(text: string): boolean {
  const [, ...parts] = DATE.exec(text) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    Number(part ?? 0),
  );
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCFullYear() === year;
  return parts.length > 0 && exists && hour < 24 && minute < 60 && second < 60;
}

function parseQuantity(text: string, isReturn: boolean): number | string {
  const expected = isReturn
    ? 'a negative whole number in a cancellation'
    : 'a positive whole number in a sale';
  const sign = isReturn ? '-' : '';
  const digits = text.startsWith(sign) ? text.slice(sign.length) : '';
  const quantity = /^\d{1,15}$/.test(digits) ? Number(digits) : 0;
  if (quantity === 0) return `quantity is not ${expected}`;
  return quantity > MAX_QUANTITY ? 'quantity is over 1,000,000' : quantity;
}

function textProblem(values: Record<Column, string>): string | undefined {
  const { InvoiceNo, StockCode, Description, CustomerID, InvoiceDate } = values;
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(Object.values(values).join(''))) return 'control characters';
  if (!/^C?[A-Za-z0-9-]{1,32}$/.test(InvoiceNo)) return 'missing or broken invoice number';
  if (StockCode === '' || StockCode.length > 64) return 'missing or overlong stock code';
  if (Description.length > 200) return 'description is longer than 200 characters';
  if (CustomerID.length > 128) return 'customer is longer than 128 characters';
  return isDate(InvoiceDate) ? undefined : 'bad date';
}

/** Reads one line by the header's columns. */
export function parseRow(line: number, text: string, columns: readonly Column[]): OrderRow | BadRow {
  const fields = splitFields(text);
  if (!fields) return { line, text, reason: 'broken quotes' };
  if (fields.length !== columns.length)
    return { line, text, reason: fields.length < columns.length ? 'missing columns' : 'extra columns' };
  const values = Object.fromEntries(
    columns.map((column, at) => [column, (fields[at] ?? '').trim()]),
  ) as Record<Column, string>;
  const invoice = values.InvoiceNo;
  const isReturn = invoice.startsWith('C');
  const bad = (reason: string): BadRow => ({ line, text, reason, invoice });
  const problem = textProblem(values);
  if (problem !== undefined) return bad(problem);
  const quantity = parseQuantity(values.Quantity, isReturn);
  if (typeof quantity === 'string') return bad(quantity);
  const unitPriceMinor = parsePrice(values.UnitPrice);
  if (typeof unitPriceMinor === 'string') return bad(unitPriceMinor);
  const { StockCode: sku, Description: description, CustomerID: customer } = values;
  return {
    ...{ line, invoice, isReturn, sku, description, quantity, unitPriceMinor },
    customer: customer === '' ? undefined : customer,
  };
}
