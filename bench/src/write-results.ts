import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Measure } from './measure.ts';
import { createCharts } from './plot/charts.ts';
import { formatMarkdown } from './report.ts';
import { readMachine, readVersions } from './versions.ts';

const RESULTS = new URL('../results/', import.meta.url);

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*'], {
      encoding: 'utf8',
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** Writes what a whole run gave to bench/results: the measures, the same as a table for people, and pictures. Gives the folder. */
export function writeResults(measures: readonly Measure[], { full }: { readonly full: boolean }): string {
  const machine = readMachine();
  const versions = readVersions();
  const about = { machine, commit: commit(), form: full ? 'long' : 'short', node: process.version };
  const results = { ...about, versions, at: new Date().toISOString(), measures };
  mkdirSync(RESULTS, { recursive: true });
  const write = (name: string, content: string): void => writeFileSync(new URL(name, RESULTS), content);
  write('latest.json', `${JSON.stringify(results, null, 2)}\n`);
  write('latest.md', formatMarkdown(measures, { ...about, versions }));
  for (const [name, svg] of Object.entries(createCharts(measures))) write(name, svg);
  return fileURLToPath(RESULTS);
}
