import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spreadLabels } from './spread-labels.ts';

test.each([
  [[], []],
  [[50], [50]],
  [
    [10, 100, 50],
    [10, 100, 50],
  ],
  [
    [50, 50],
    [41.5, 58.5],
  ],
  [
    [58, 50, 50],
    [69 + 2 / 3, 35 + 2 / 3, 52 + 2 / 3],
  ],
])('labels at %j stand at %j', (places, expected) => {
  const spread = spreadLabels(places, 17);
  expect(spread).toHaveLength(expected.length);
  for (const [index, place] of spread.entries()) expect(place).toBeCloseTo(expected[index] as number);
});

test('no two labels lie on each other, and their order stays', () => {
  const places = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 12 });
  const property = fc.property(places, (wanted) => {
    const spread = spreadLabels(wanted, 17);
    const order = wanted
      .map((_, index) => index)
      .sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
    for (const [nth, index] of order.slice(1).entries())
      expect((spread[index] as number) - (spread[order[nth] as number] as number)).toBeGreaterThan(17 - 1e-6);
  });
  fc.assert(property);
});
