// `make bench`: what the kit costs, against bare grpc-js and others in the same run. Arguments: scenarios (all), --full for the long form.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Measure, Scenario } from './measure.ts';
import { whyUnpinned } from './pinned-process.ts';
import { formatTable, holds } from './report.ts';
import { readMachine, readVersions } from './versions.ts';
import { writeResults } from './write-results.ts';

const SCENARIOS = new URL('scenarios/', import.meta.url);

/** Each file there is one, and exports it by its own name. */
async function findScenario(file: string): Promise<readonly [string, Scenario]> {
  const name = file.replace(/\.ts$/, '');
  const exported = (await import(new URL(file, SCENARIOS).href)) as Record<string, Scenario>;
  const scenario = exported[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
  if (!scenario) throw new Error(`bench/src/scenarios/${file} exports no scenario of its name`);
  return [name, scenario];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean', default: false } },
});
const files = readdirSync(SCENARIOS).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
const known = await Promise.all(files.map(findScenario));
const unknown = positionals.filter((name) => !known.some(([one]) => one === name));
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(', ')}; there are: ${known.map(([name]) => name).join(', ')}`);
  process.exit(2);
}
const unpinned = whyUnpinned();
if (unpinned) console.log(`not pinned to cores: ${unpinned}`);

const measures: Measure[] = [];
for (const [name, scenario] of known) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(name);
  measures.push(...(await scenario({ full: values.full, progress: (text) => console.log(text) })));
}
const versions = Object.entries(readVersions()).map(([name, version]) => `${name} ${version}`);
console.log(`\n${readMachine()}; ${versions.join(', ')}\n\n${formatTable(measures)}`);
// A part is no result: the file always holds figures of one run.
if (positionals.length === 0) console.log(`\nwritten to ${writeResults(measures, values)}`);
process.exitCode = measures.some((measure) => holds(measure) === false) ? 1 : 0;
