import { expect, it } from '@jest/globals';
import { show, type Gauge } from './gauges.ts';
import { fakeMeter } from './testing/fake-meter.ts';

const gauge: Gauge = {
  name: 'millrace.test',
  description: 'test',
  attribute: 'of',
  combine: (a, b) => a + b,
};

it('combines the figures of all that show the same', () => {
  const { meter, observe } = fakeMeter();
  const first = { value: 1 };
  const second = { value: 2 };
  show(meter, gauge, { of: first, figures: ({ value }) => [['a', value]] });
  show(meter, gauge, {
    of: second,
    figures: ({ value }) => [
      ['a', value],
      ['b', value],
    ],
  });
  expect(observe()).toEqual([
    { name: 'millrace.test', value: 3, attributes: { of: 'a' } },
    { name: 'millrace.test', value: 2, attributes: { of: 'b' } },
  ]);
  first.value = 5;
  expect(observe()[0]?.value).toBe(7);
});

it('keeps the gauges of two meters apart', () => {
  const one = fakeMeter();
  const other = fakeMeter();
  const of = {};
  show(one.meter, gauge, { of, figures: () => [['a', 1]] });
  show(other.meter, gauge, { of, figures: () => [['a', 2]] });
  expect(one.observe()).toMatchObject([{ value: 1 }]);
  expect(other.observe()).toMatchObject([{ value: 2 }]);
});
