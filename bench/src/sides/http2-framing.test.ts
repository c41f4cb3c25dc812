import { expect, test } from '@jest/globals';
import { frame, unframe } from './http2-framing.ts';

test('a message comes out as it went in, in whatever pieces', () => {
  const message = Buffer.from('an order');
  const framed = frame(message);
  expect([...framed.subarray(0, 5)]).toEqual([0, 0, 0, 0, 8]);
  for (let cut = 1; cut < framed.length; cut++)
    expect(unframe([framed.subarray(0, cut), framed.subarray(cut)])).toEqual(message);
  expect(unframe([framed])).toEqual(message);
});

test('half a message is none', () => {
  expect(() => unframe([frame(Buffer.from('an order')).subarray(0, 9)])).toThrow('not one message');
});
