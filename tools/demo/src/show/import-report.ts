import colours from 'picocolors';
import { count } from '../books/finding.ts';
import type { Catalogue } from '../csv/invoices.ts';
import type { Imported } from '../csv/import-orders.ts';
import type { Remarks } from '../csv/remarks.ts';

const WIDTH = 96;

/** What the file held and what became of it, with the first lines of everything that could not be used. */
export function formatImport(imported: Imported, catalogue: Catalogue, remarks: Remarks): string {
  const { orders, cancelled, returnsWithoutPurchase, refused } = imported;
  const empty = catalogue.lastLines.size - catalogue.usable;
  const parts = [
    `${count(orders)} became orders`,
    `${count(cancelled)} cancelled an order`,
    `${count(returnsWithoutPurchase)} returns without purchase`,
    ...(refused > 0 ? [`${count(refused)} refused`] : []),
    ...(empty > 0 ? [`${count(empty)} without a usable line`] : []),
  ];
  return [
    '',
    `  ${count(catalogue.rows)} lines, ${count(catalogue.products.size)} products, ${count(catalogue.lastLines.size)} invoices: ${parts.join(' · ')}`,
    ...remarks
      .byReason()
      .flatMap(({ reason, count: n, first }) => [
        `  ${colours.yellow(count(n).padStart(5))} ${reason}`,
        ...first.map(({ line, text }) => colours.dim(shorten(`        line ${line}: ${text}`))),
      ]),
  ].join('\n');
}

function shorten(text: string): string {
  const oneLine = text.replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
  return oneLine.length > WIDTH ? `${oneLine.slice(0, WIDTH - 1)}…` : oneLine;
}
