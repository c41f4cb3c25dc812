import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPinnedProgram } from './pinned-program.ts';

let dir: string;
beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'millrace-program-'))));
afterAll(() => rmSync(dir, { recursive: true }));

function write(name: string, script: string): URL {
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return pathToFileURL(file);
}

test('a program is asked by lines, with the numbers of what it is given, and answers in turn', async () => {
  const echo = write('echo', 'while read -r line; do echo "\\"$1 $line\\""; done');
  const program = startPinnedProgram(echo, { core: 0, args: ['ready'] });
  const load = { kind: 'unary', inFlight: 64, durationMs: 1_000, burden: undefined };
  const answers = [program.ask('drive', load), program.ask('cpu')];
  expect(await Promise.all(answers)).toEqual(['ready drive inFlight=64 durationMs=1000', 'ready cpu']);
  await program.stop();
});

test('what was asked of a program that ends is told so', async () => {
  const broken = write('broken', 'read -r line; exit 3');
  const program = startPinnedProgram(broken, { core: 0 });
  await expect(program.ask('port')).rejects.toThrow(/broken ended with 3$/);
  await program.stop();
});
