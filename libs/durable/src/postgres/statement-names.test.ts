import { expect, test } from '@jest/globals';
import { createStatementNames } from './statement-names.ts';

test('a statement gets a name of its own when it comes for the third time, and keeps it', () => {
  const nameOf = createStatementNames();
  expect([1, 2, 3, 4].map(() => nameOf('select 1'))).toEqual([
    undefined,
    undefined,
    'millrace_0',
    'millrace_0',
  ]);
  expect([1, 2, 3].map(() => nameOf('select 2')).at(-1)).toBe('millrace_1');
});

test('any number of shapes gets a bounded number of names', () => {
  const nameOf = createStatementNames();
  const names = new Set<string | undefined>();
  for (let shape = 0; shape < 5_000; shape += 1) {
    for (let times = 0; times < 4; times += 1) names.add(nameOf(`insert ${shape}`));
  }
  expect(names.size).toBe(201);
  expect(nameOf('insert 7')).toBe('millrace_7');
});
