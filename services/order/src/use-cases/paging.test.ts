import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCursors, toPage } from './paging.ts';

const SCOPE = ['WatchOrders', 'default', 'ada', ''];

describe('a cursor', () => {
  test('brings back its position in its scope', () => {
    fc.assert(
      fc.property(fc.string(), (position) => {
        const { encode, decode } = createCursors(SCOPE, 'cursor');
        expect(decode(encode(position))).toBe(position);
      }),
    );
  });

  test.each([
    ['tenant', ['WatchOrders', 'acme', 'ada', '']],
    ['caller', ['WatchOrders', 'default', 'grace', '']],
    ['query', ['WatchOrders', 'default', 'ada', 'order-1']],
    ['method', ['ListOrders', 'default', 'ada', '']],
  ])('is refused for another %s', (_, scope) => {
    const cursor = createCursors(SCOPE, 'cursor').encode('42');
    expect(() => createCursors(scope, 'cursor').decode(cursor)).toThrow(
      expect.objectContaining({
        reason: 'INVALID_CURSOR',
        violations: [expect.objectContaining({ field: 'cursor' })],
      }),
    );
  });

  test('is refused with any bit flipped', () => {
    const { encode, decode } = createCursors(SCOPE, 'page_token');
    const bytes = Buffer.from(encode('0193f1e0-0000-7000-8000-000000000000'));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decode(flipped.toString('latin1'))).toThrow(
        expect.objectContaining({ reason: 'INVALID_PAGE_TOKEN' }),
      );
    }
  });

  test('is refused when it is anything else', () => {
    const { decode } = createCursors(SCOPE, 'cursor');
    fc.assert(fc.property(fc.string(), (text) => expect(() => decode(text)).toThrow('was not given out')));
  });
});

describe('a page', () => {
  test.each([
    ['fewer than fit', [1, 2], [1, 2], ''],
    ['as many as fit', [1, 2, 3], [1, 2, 3], ''],
    ['one more than fits', [1, 2, 3, 4], [1, 2, 3], 'after 3'],
    ['nothing', [], [], ''],
  ])('of %s', (_, found, items, nextPageToken) => {
    expect(toPage(found, 3, (last) => `after ${last}`)).toEqual({ items, nextPageToken });
  });
});
