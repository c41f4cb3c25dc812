import { createRandom } from './random.ts';

/** The same value with the properties of its objects, also of those in it, in another order. Bytes and prototypes stay what they are. */
export function reorder(value: unknown, seed: number): unknown {
  const random = createRandom(seed);
  const visit = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(visit);
    if (typeof one !== 'object' || one === null || one instanceof Uint8Array) return one;
    const entries = Object.entries(one);
    for (let index = entries.length - 1; index > 0; index--) {
      const other = random(index + 1);
      [entries[index], entries[other]] = [entries[other] as never, entries[index] as never];
    }
    const copy = Object.create(Object.getPrototypeOf(one) as object) as object;
    for (const [name, inner] of entries)
      Object.defineProperty(copy, name, {
        value: visit(inner),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    return copy;
  };
  return visit(value);
}
