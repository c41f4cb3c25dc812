import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCatalogue, readInvoices, type Invoice } from './invoices.ts';
import { createPurchases } from './purchases.ts';
import type { BadRow } from './parse-row.ts';
import { readRows } from './read-rows.ts';
import { createRemarks } from './remarks.ts';

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'order-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(content: string | Uint8Array): Promise<string> {
  const file = join(folder, `${Math.random()}.csv`);
  await writeFile(file, content);
  return file;
}

function line(invoice: string, sku: string, quantity: number, customer = '1', price = '2.50'): string {
  return `${invoice},${sku},A ${sku},${quantity},2026-03-02T08:00:00,${price},${customer},UK`;
}

async function invoicesOf(lines: readonly string[]): Promise<{ invoices: Invoice[]; bad: BadRow[] }> {
  const file = await write([HEADER, ...lines, ''].join('\n'));
  const { lastLines } = await readCatalogue(readRows(file));
  const bad: BadRow[] = [];
  const invoices = await Array.fromAsync(readInvoices(readRows(file), lastLines, (row) => bad.push(row)));
  return { invoices, bad };
}

describe('a file that is no order file is named with what is wrong', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['empty', '', /is empty/],
    ['only a header', `${HEADER}\n`, /no order lines/],
    ['other columns', 'a,b\n1,2\n', /without the columns InvoiceNo, .*unknown columns "a", "b"/],
    ['a missing column', `${HEADER.replace(',Country', '')}\n1\n`, /without the columns Country/],
    ['not UTF-8', Buffer.from(`${HEADER}\n1,2,caf\xe9,1\n`, 'latin1'), /is not UTF-8/],
    ['UTF-16', Buffer.from(`\ufeff${HEADER}\n`, 'utf16le'), /is not UTF-8/],
    ['one endless line', `${HEADER}\n${'x'.repeat(70_000)}`, /line 2 is longer/],
  ])('%s', async (_name, content, expected) => {
    const file = await write(content);
    const reading = Array.fromAsync(readRows(file));
    await expect(reading).rejects.toThrow(expected);
    await expect(Array.fromAsync(readRows(file))).rejects.toThrow(`FILE=${file}`);
  });

  test('not there, or a folder', async () => {
    await expect(Array.fromAsync(readRows('/no/such/file.csv'))).rejects.toThrow(/there is no such file/);
    await expect(Array.fromAsync(readRows(folder))).rejects.toThrow(/is a folder/);
  });
});

test('a byte order mark, Windows line ends and empty lines do not matter', async () => {
  const file = await write(`\ufeff${HEADER}\r\n\r\n${line('1', 'MUG', 1)}\r\n`);
  expect(await Array.fromAsync(readRows(file))).toMatchObject([{ line: 3, sku: 'MUG' }]);
});

describe('invoices', () => {
  test('are put together from lines that do not stand together', async () => {
    const { invoices } = await invoicesOf([line('1', 'A', 1), line('2', 'B', 1), line('1', 'C', 1)]);
    expect(invoices.map(({ number, rows }) => [number, rows.map(({ sku }) => sku)])).toEqual([
      ['2', ['B']],
      ['1', ['A', 'C']],
    ]);
  });

  test('without a customer belong to a guest of their own', async () => {
    const { invoices } = await invoicesOf([line('1', 'A', 1, ''), line('2', 'A', 1, '')]);
    expect(invoices.map(({ customer }) => customer)).toEqual(['guest-1', 'guest-2']);
  });

  test('go on without their bad lines, which are named', async () => {
    const { invoices, bad } = await invoicesOf([
      line('1', 'A', 1),
      line('1', 'B', 1, '1', '0'),
      line('2', 'C', -1),
    ]);
    expect(invoices).toMatchObject([{ number: '1', badRows: 1, rows: [{ sku: 'A' }] }]);
    expect(bad).toMatchObject([
      { line: 3, reason: 'zero price' },
      { line: 4, reason: 'quantity is not a positive whole number in a sale' },
    ]);
  });

  test('name a line of another customer', async () => {
    const { bad } = await invoicesOf([line('1', 'A', 1, '7'), line('1', 'B', 1, '8')]);
    expect(bad).toMatchObject([{ line: 3, reason: "another customer than the invoice's first line" }]);
  });

  test('a broken quote costs its own line only', async () => {
    const { invoices, bad } = await invoicesOf(['1,A,"A,1,2026-03-02,2.50,1,UK', line('2', 'B', 1)]);
    expect(bad).toMatchObject([{ line: 2, reason: 'broken quotes' }]);
    expect(invoices).toMatchObject([{ number: '2' }]);
  });
});

test('the catalogue has each product once, with its first price and what is sold of it', async () => {
  const file = await write(
    [HEADER, line('1', 'A', 2), line('2', 'A', 3, '1', '9.99'), line('C3', 'B', -1)].join('\n'),
  );
  const { products, usable, rows } = await readCatalogue(readRows(file));
  expect([...products]).toEqual([['A', { description: 'A A', unitPriceMinor: 250n, sold: 5 }]]);
  expect({ usable, rows }).toEqual({ usable: 3, rows: 3 });
});

describe('a return', () => {
  test('matches the order with exactly its lines, in any order, once', async () => {
    const { invoices } = await invoicesOf([
      ...[line('1', 'A', 1), line('1', 'B', 2)],
      ...[line('C2', 'B', -2), line('C2', 'A', -1)],
    ]);
    const purchases = createPurchases();
    purchases.bought(invoices[0] as Invoice, 'order-1');
    expect(purchases.takeMatching(invoices[1] as Invoice)).toBe('order-1');
    expect(purchases.takeMatching(invoices[1] as Invoice)).toBeUndefined();
  });

  test.each([
    ['of a part', line('C2', 'A', -1)],
    ['of another quantity', line('C2', 'A', -3)],
    ['at another price', line('C2', 'A', -2, '1', '2.49')],
    ['of another customer', line('C2', 'A', -2, '9')],
  ])('%s matches nothing', async (_name, giving) => {
    const { invoices } = await invoicesOf([line('1', 'A', 2), giving]);
    const purchases = createPurchases();
    purchases.bought(invoices[0] as Invoice, 'order-1');
    expect(purchases.takeMatching(invoices[1] as Invoice)).toBeUndefined();
  });
});

test('remarks are counted by reason, with the first of each, and all in the report', async () => {
  const report = join(folder, 'report.txt');
  const remarks = await createRemarks(report);
  for (let at = 1; at <= 5; at += 1) remarks.add({ line: at, reason: 'zero price', text: 'a' });
  remarks.add({ line: 9, reason: 'bad date', text: 'b' });
  await remarks.close();
  expect(remarks.byReason()).toMatchObject([
    { reason: 'zero price', count: 5, first: [{ line: 1 }, { line: 2 }, { line: 3 }] },
    { reason: 'bad date', count: 1 },
  ]);
  expect((await readFile(report, 'utf8')).split('\n')).toHaveLength(7);
});
