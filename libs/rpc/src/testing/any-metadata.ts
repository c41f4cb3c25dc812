import fc, { type Arbitrary } from 'fast-check';
import type { MetadataInit } from '../metadata.ts';

const key = fc.stringMatching(/^x-[a-z0-9_.-]{0,10}$/).filter((one) => !one.endsWith('-bin'));
const text = fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((one) => one.trim());

/** Metadata that can be sent: few keys, so that calls share some. */
export const anyMetadata: Arbitrary<MetadataInit> = fc
  .array(
    fc.oneof(
      { weight: 2, arbitrary: fc.tuple(fc.constantFrom('x-a', 'x-b'), fc.constantFrom('one', 'other')) },
      { weight: 2, arbitrary: fc.tuple(key, text) },
      {
        weight: 1,
        arbitrary: fc.tuple(
          key.map((one) => `${one}-bin`),
          fc.uint8Array({ maxLength: 20 }),
        ),
      },
    ),
    { maxLength: 6 },
  )
  .map((pairs) => Object.fromEntries(pairs));

/** Pairs of metadata in the order of their keys, to be compared. */
export function sortedPairs(
  pairs: Iterable<readonly [string, string | Uint8Array]>,
): (readonly [string, string | number[]])[] {
  return Array.from(pairs)
    .map(([name, value]) => [name, typeof value === 'string' ? value : Array.from(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
