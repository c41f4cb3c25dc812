import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { ROOT, runTool } from './support/run.ts';

// Whole systems start here; a busy machine needs its time.
jest.setTimeout(120_000);

const demo = (env: Record<string, string>) => runTool('tools/demo/src/main.ts', env).ended;
const REAL_FILE = join(ROOT, '../shared/data/online-retail-2010-12.csv');

describe('make demo', () => {
  test('takes orders, kills a service half way, and every invariant has its tick', async () => {
    const { status, output } = await demo({ ORDERS: '60', KILL: 'payment', SEED: '11' });
    for (let number = 1; number <= 8; number += 1) expect(output).toMatch(new RegExp(`✔ I${number} `));
    expect(output).toContain('payment killed and back');
    expect(output).toContain('The books balance.');
    expect(status).toBe(0);
  });

  test('replays the sample of the documentation and names each line it cannot use', async () => {
    const { status, output } = await demo({ FILE: 'docs/examples/orders.csv' });
    expect(output).toMatch(
      /22 lines, 7 products, 12 invoices: 7 became orders · 1 cancelled an order · 2 returns without purchase/,
    );
    for (const reason of [
      'zero price',
      'bad date',
      'broken price',
      'missing columns',
      'extra columns',
      'broken quotes',
    ])
      expect(output).toContain(`1 ${reason}`);
    expect(output).toContain('line 18: 700008,MUG-R,"RED ENAMEL MUG,6');
    expect(output).toContain('The books balance.');
    expect(status).toBe(0);
  });

  const whenThere = existsSync(REAL_FILE) ? test : test.skip;
  whenThere('replays two days of a real shop (needs ../shared/data/online-retail-2010-12.csv)', async () => {
    const { status, output } = await demo({ FILE: REAL_FILE });
    expect(output).toMatch(/4,546 lines, 1,538 products, 256 invoices: 229 became orders/);
    expect(output).toMatch(/10 zero price/);
    expect(output).toMatch(/2 quantity is not a positive whole number in a sale/);
    expect(output).toContain('The books balance.');
    expect(status).toBe(0);
  });

  test.each([
    [{ ORDERS: 'many' }, /ORDERS expected a whole number/],
    [{ KILL: 'everything' }, /KILL expected one of payment, order, gateway/],
    [{ FILE: 'no-such.csv' }, /FILE=.*no-such\.csv: there is no such file/],
    [{ FILE: 'package.json' }, /FILE=.*without the columns InvoiceNo/],
  ])('refuses %j in one line', async (env, expected) => {
    const { status, output } = await demo(env);
    expect(status).toBe(1);
    expect(output.trim().split('\n')).toEqual([expect.stringMatching(expected)]);
  });
});
