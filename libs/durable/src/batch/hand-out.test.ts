import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { handOut, type Wish } from './hand-out.ts';

test('wishes come true in order of arrival, as long as there is enough of everything', () => {
  const stock = new Map([
    ['mug', 5n],
    ['clock', 1n],
  ]);
  const wishes: Wish[] = [
    [['mug', 3n]],
    // The clock is there, the mugs are not: neither is taken.
    [
      ['clock', 1n],
      ['mug', 3n],
    ],
    // One thing in two lines counts together.
    [
      ['mug', 1n],
      ['mug', 1n],
    ],
    [['clock', 1n]],
    [['lamp', 1n]],
    [],
  ];
  expect(handOut(wishes, stock)).toEqual([true, false, true, true, false, true]);
  expect(stock.get('mug')).toBe(5n);
});

const wish = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.bigInt({ min: 1n, max: 5n })), {
  maxLength: 4,
});
const shelf = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.bigInt({ min: 0n, max: 20n }));

test('many at once get what they would have got one after the other', () => {
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 20 }), shelf, (wishes, shelf) => {
      const stock = new Map(Object.entries(shelf));
      const oneByOne = wishes.map((each) => {
        const [isGranted = false] = handOut([each], stock);
        if (isGranted) for (const [name, n] of each) stock.set(name, (stock.get(name) ?? 0n) - n);
        return isGranted;
      });
      expect(handOut(wishes, new Map(Object.entries(shelf)))).toEqual(oneByOne);
      expect([...stock.values()].every((left) => left >= 0n)).toBe(true);
    }),
  );
});
