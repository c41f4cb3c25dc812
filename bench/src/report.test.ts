import { expect, test } from '@jest/globals';
import { check } from 'prettier';
import type { Measure } from './measure.ts';
import { formatMarkdown, formatTable, holds } from './report.ts';

const measure = (value: number, bar?: number, better: Measure['better'] = 'higher'): Measure => ({
  name: 'channel.x',
  value,
  ...(bar !== undefined && { bar }),
  better,
  unit: 'x',
});

test.each([
  [measure(12, 12), true],
  [measure(11.9, 12), false],
  [measure(1, 1, 'lower'), true],
  [measure(1.1, 1, 'lower'), false],
  [measure(NaN, 1), false],
  [measure(1), undefined],
])('%j holds its bar: %s', (one, expected) => {
  expect(holds(one)).toBe(expected);
});

test('each measure is a line, with its bar and whether it holds it', () => {
  expect(formatTable([measure(13.14159, 12), measure(0.5, 1), measure(70_000)]).split('\n')).toEqual([
    'channel.x   13.142 x   >= 12   ok',
    'channel.x   0.5 x      >= 1    MISSED',
    'channel.x   70,000 x',
  ]);
});

test('the page is formatted as all pages are', async () => {
  const about = {
    machine: 'AMD EPYC, 2 cores',
    commit: 'abc',
    form: 'short',
    versions: { node: 'v24.21.0' },
  };
  const page = formatMarkdown([measure(13, 12), measure(1_000)], about);
  expect(page).toContain('AMD EPYC, 2 cores; commit abc, short form; node 24.21.0.');
  expect(await check(page, { parser: 'markdown', printWidth: 110 })).toBe(true);
});
