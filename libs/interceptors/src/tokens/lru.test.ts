import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Lru } from './lru.ts';

it('keeps what was used last, and no more than it may', () => {
  const step = fc.record({
    act: fc.constantFrom('get', 'set', 'delete'),
    key: fc.constantFrom(...'abcdefgh'),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 200 }), (capacity, steps) => {
      const lru = new Lru<string>(capacity);
      let used: string[] = [];
      for (const { act, key } of steps) {
        const known = used.includes(key);
        if (act === 'get') expect(lru.get(key)).toBe(known ? key : undefined);
        if (act === 'set') lru.set(key, key);
        if (act === 'delete') lru.delete(key);
        if (act !== 'get' || known) used = used.filter((one) => one !== key);
        if (act === 'set' || (act === 'get' && known)) used.push(key);
        used = used.slice(-capacity);
        expect(lru.size).toBe(used.length);
      }
      lru.clear();
      expect(lru.size).toBe(0);
    }),
  );
});
