import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Measure } from './measure.ts';

const RESULTS = new URL('../results/', import.meta.url);

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

/** The measures with bar and verdict, a line each. */
export function formatTable(measures: readonly Measure[]): string {
  const rows = measures.map((measure) => {
    const { name, value, bar, better, unit } = measure;
    const sign = better === 'higher' ? '>=' : '<=';
    return [
      name,
      `${format(value)} ${unit}`,
      bar === undefined ? '' : `${sign} ${format(bar)}`,
      verdictOf(measure),
    ];
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** Writes bench/results/latest.json. */
export function writeResults(measures: readonly Measure[]): string {
  const file = fileURLToPath(new URL('latest.json', RESULTS));
  const machine = `${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} cores`;
  const results = {
    machine,
    commit: commit(),
    node: process.version,
    at: new Date().toISOString(),
    measures,
  };
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return file;
}
