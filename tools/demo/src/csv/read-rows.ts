import { OrderFileError } from './order-file-error.ts';
import { COLUMNS, parseRow, splitFields, type BadRow, type Column, type OrderRow } from './parse-row.ts';
import { readLines } from './read-lines.ts';

function readHeader(file: string, text: string): readonly Column[] {
  const names = (splitFields(text) ?? []).map((name) => name.trim());
  const missing = COLUMNS.filter((column) => !names.includes(column));
  const unknown = names.filter((name) => !(COLUMNS as readonly string[]).includes(name));
  const problems = [
    ...(missing.length > 0 ? [`without the columns ${missing.join(', ')}`] : []),
    ...(unknown.length > 0
      ? [`with unknown columns ${unknown.map((name) => JSON.stringify(name)).join(', ')}`]
      : []),
    ...(new Set(names).size < names.length ? ['with a column twice'] : []),
  ];
  if (problems.length > 0)
    throw new OrderFileError(
      file,
      `has a first line ${problems.join(' and ')}; expected ${COLUMNS.join(',')}`,
    );
  return names as Column[];
}

/** Every line of an order file below its header, usable or not; empty lines are skipped. Throws OrderFileError. */
export async function* readRows(file: string): AsyncGenerator<OrderRow | BadRow> {
  let columns: readonly Column[] | undefined;
  let count = 0;
  for await (const { line, text } of readLines(file)) {
    if (text.trim() === '') continue;
    if (!columns) {
      columns = readHeader(file, text);
      continue;
    }
    count += 1;
    yield parseRow(line, text, columns);
  }
  if (!columns) throw new OrderFileError(file, 'is empty');
  if (count === 0) throw new OrderFileError(file, 'has no order lines below its header');
}
