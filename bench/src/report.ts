import type { Measure } from './measure.ts';

/** Whether a measure holds its bar; undefined when it has none. */
export function holds({ value, bar, better }: Measure): boolean | undefined {
  if (bar === undefined) return undefined;
  return better === 'higher' ? value >= bar : value <= bar;
}

function verdictOf(measure: Measure): string {
  const held = holds(measure);
  return held === undefined ? '' : held ? 'ok' : 'MISSED';
}

function format(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 3 });
}

function rowOf(measure: Measure): readonly string[] {
  const { name, value, bar, better, unit } = measure;
  const sign = better === 'higher' ? '>=' : '<=';
  return [
    name,
    `${format(value)} ${unit}`.trim(),
    bar === undefined ? '' : `${sign} ${format(bar)}`,
    verdictOf(measure),
  ];
}

function widthsOf(rows: readonly (readonly string[])[], least: number): readonly number[] {
  const columns = rows[0]?.map((_, column) => column) ?? [];
  return columns.map((column) => Math.max(least, ...rows.map((row) => row[column]?.length ?? 0)));
}

/** The measures with bar and verdict, a line each. */
export function formatTable(measures: readonly Measure[]): string {
  const rows = measures.map(rowOf);
  const widths = widthsOf(rows, 0);
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ');
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

/** The same as a page, below what it was measured with. */
export function formatMarkdown(
  measures: readonly Measure[],
  { versions, ...about }: { readonly versions: Readonly<Record<string, string>> } & Record<string, unknown>,
): string {
  const header = ['measure', 'value', 'bar', ''];
  const rows = measures.map(rowOf);
  const widths = widthsOf([header, ...rows], 3);
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const { machine, commit, form } = about;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version.replace(/^v/, '')}`);
  return [
    '# The last run of the bench',
    '',
    `Written by it. ${machine}; commit ${commit}, ${form} form; ${names.join(', ')}.`,
    '',
    line(header),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
  ].join('\n');
}
