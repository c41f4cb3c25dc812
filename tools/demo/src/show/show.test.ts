import { describe, expect, jest, test } from '@jest/globals';
import { finding, money } from '../books/finding.ts';
import { createHalfWay } from '../half-way.ts';
import { createObservations } from '../load/observations.ts';
import { createStages } from './stages.ts';
import { formatSummary, isSound, type Summary } from './summary.ts';

const plain = (text: string) => text.replaceAll(/\u001b\[\d+m/g, '');

const summary = (patch: Partial<Summary> = {}): Summary => ({
  totals: {
    ...{ orders: 10n, confirmed: 7n, declined: 1n, outOfStock: 0n, cancelled: 2n, other: 0n },
    money: [{ currency: 'GBP', charged: 123_456n, refunded: 3_456n, confirmed: 120_000n }],
  },
  verdicts: [{ id: 'I1', title: 'every order', ok: true, detail: 'all' }],
  observed: createObservations(),
  tookMs: 1_000,
  retries: 1,
  failures: [],
  again: 'make demo SEED=1',
  ...patch,
});

describe('the summary', () => {
  test('has the counts, the money and a tick for each invariant', () => {
    const text = plain(formatSummary(summary()));
    expect(text).toMatch(/placed +10/);
    expect(text).toMatch(/cancelled +2/);
    expect(text).toContain('GBP 1,234.56 charged − GBP 34.56 refunded = GBP 1,200.00');
    expect(text).toContain('✔ I1 every order');
    expect(text).toContain('1 attempt repeated');
    expect(text).toContain('The books balance. Once more: make demo SEED=1');
    expect(text).not.toMatch(/out of stock|sent twice|unanswered/);
  });

  test('has a cross and the numbers for what is broken, and is not sound', () => {
    const verdicts = [{ id: 'I2', title: 'one charge', ok: false, detail: 'order 7 was charged 2 times' }];
    const text = plain(formatSummary(summary({ verdicts })));
    expect(text).toMatch(/✘ I2 one charge +order 7 was charged 2 times/);
    expect(text).toContain('1 of 1 invariants are broken.');
    expect(isSound({ verdicts, failures: [] })).toBe(false);
  });

  test('names orders without an answer, and is not sound', () => {
    const failures = ['demo-1-7 (http): no answer within 60 s'];
    const text = plain(formatSummary(summary({ failures })));
    expect(text).toContain('✘ demo-1-7 (http): no answer within 60 s');
    expect(text).toContain('Not every order was answered.');
    expect(isSound({ verdicts: [], failures })).toBe(false);
  });
});

test.each([
  [123_456n, 'GBP', 'GBP 1,234.56'],
  [5n, 'EUR', 'EUR 0.05'],
  [-250n, 'GBP', 'GBP -2.50'],
  [1_234n, 'JPY', 'JPY 1,234'],
])('%d minor units of %s are written %s', (minor, currency, text) => {
  expect(money(minor, currency)).toBe(text);
});

test('a finding shows the first three that break it and how many there are', () => {
  expect(finding(['a', 'b', 'c', 'd', 'e'], 'fine')).toEqual({ ok: false, detail: 'a; b; c and 2 more' });
  expect(finding([], 'fine')).toEqual({ ok: true, detail: 'fine' });
});

describe('half way', () => {
  test('acts once, when half is done', async () => {
    const act = jest.fn(async () => undefined);
    const half = createHalfWay(5, act);
    half.done();
    expect(act).not.toHaveBeenCalled();
    for (let at = 0; at < 4; at += 1) half.done();
    await half.settled();
    expect(act).toHaveBeenCalledTimes(1);
    expect(half.count).toBe(5);
  });

  test('says at once when the act fails', async () => {
    const half = createHalfWay(1, () => Promise.reject(new Error('not back')));
    half.done();
    await expect(half.failed).rejects.toThrow('not back');
  });
});

test('without a terminal a stage has a line at its start and one at its end', async () => {
  const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  const result = await createStages({ ending: new Promise(() => undefined), isLive: false }).run(
    'Counting',
    async (say) => {
      say('3 of 3');
      return 3;
    },
  );
  const lines = log.mock.calls.map(([line]) => plain(String(line)));
  log.mockRestore();
  expect(result).toBe(3);
  expect(lines).toEqual(['  Counting …', expect.stringMatching(/^✔ Counting {2}3 of 3 \(\d\.\d s\)$/)]);
});
