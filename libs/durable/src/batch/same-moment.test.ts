import { expect, test } from '@jest/globals';
import { sameMoment } from './same-moment.ts';

function setUp() {
  const calls: (readonly number[])[] = [];
  const double = sameMoment(async (_connection: object, items: readonly number[]) => {
    calls.push(items);
    if (items.includes(13)) throw new Error('unlucky');
    await new Promise(setImmediate);
    return items.map((item) => 2 * item);
  });
  return { calls, double };
}

test('what is asked for on one connection in one moment is one call, however deep in promises', async () => {
  const { calls, double } = setUp();
  const connection = {};
  const twice = async (item: number) => double(connection, await double(connection, item));
  const other = double({}, 7);
  expect(await Promise.all([twice(1), twice(2), twice(3)])).toEqual([4, 8, 12]);
  expect(await other).toBe(14);
  expect(calls).toEqual([[7], [1, 2, 3], [2, 4, 6]]);
});

test('everybody in the moment learns of its failure, and the next moment is another', async () => {
  const { double } = setUp();
  const connection = {};
  const results = await Promise.allSettled([double(connection, 1), double(connection, 13)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await double(connection, 1)).toBe(2);
});
