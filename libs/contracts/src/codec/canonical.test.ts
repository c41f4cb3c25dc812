import { create, fromBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCodec, OrderSchema } from '../index.ts';
import { EveryKindSchema, LegacyKindsSchema, MapKeyKindsSchema, NumberedKindsSchema } from '../testing.ts';
import { initializersOf } from './testing/initializers.ts';
import { bytesOf, recordsOf } from './testing/records.ts';
import { reorder } from './testing/reorder.ts';
import { runs, TIMEOUT_MS } from './testing/runs.ts';
import { expectSame } from './testing/same.ts';
import { scramble } from './testing/scramble.ts';

const TYPES: DescMessage[] = [EveryKindSchema, LegacyKindsSchema, OrderSchema];

/** Forgets what was unknown, also further down. */
function forget(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$typeName' in value) delete (value as Message).$unknown;
  for (const inner of Object.values(value)) forget(inner);
  return value;
}

describe.each(TYPES.map((schema) => [schema.typeName, schema] as const))('%s', (_, schema) => {
  const codec = createCodec(schema);
  const initializers = initializersOf(schema);

  test(
    'a message has the same bytes whatever the order of its properties',
    () => {
      fc.assert(
        fc.property(initializers, fc.nat(), (init, seed) => {
          const message = create(schema, init);
          const bytes = codec.encode(message);
          expectSame(codec.encode(reorder(message, seed)), bytes);
          expectSame(codec.encode(reorder(init, seed)), bytes);
        }),
        runs(5_000),
      );
    },
    TIMEOUT_MS,
  );

  test(
    'a message has the same bytes whoever wrote it, and in whatever order',
    () => {
      fc.assert(
        fc.property(initializers, fc.nat(), fc.boolean(), (init, seed, unknown) => {
          const bytes = codec.encode(init);
          const scrambled = scramble(schema, new Uint8Array(bytes), { seed, unknown });
          const message = codec.decode(scrambled);
          expectSame(message, fromBinary(schema, scrambled));
          expectSame(codec.decode(codec.encode(message)), message);
          expectSame(codec.encode(forget(message)), bytes);
        }),
        runs(5_000),
      );
    },
    TIMEOUT_MS,
  );
});

test('fields are in the order of their numbers, what was unknown comes last as it came', () => {
  const codec = createCodec(NumberedKindsSchema);
  const unknown = [
    { no: 9, wireType: 0, data: Uint8Array.of(1) },
    { no: 3, wireType: 2, data: Uint8Array.of(1, 65) },
  ];
  const message = { last: 'z', constructor$: 'c', toString$: [1, -1], middle: { first: 'x' }, first: 'a' };
  const bytes = codec.encode({ ...create(NumberedKindsSchema, message), $unknown: unknown });
  expect(recordsOf(bytes).map(({ no }) => no)).toEqual([1, 16, 2_047, 2_048, 536_870_911, 9, 3]);
});

test('numbers that are keys are in the order of their values, texts in that of their UTF-16 code units', () => {
  const codec = createCodec(MapKeyKindsSchema);
  const keysOf = (name: string, keys: readonly string[]): (string | undefined)[] => {
    const bytes = codec.encode({ [name]: Object.fromEntries(keys.map((key) => [key, ''])) });
    const messages = recordsOf(bytes).map((record) => codec.decode(bytesOf([record])));
    return messages.map((message) => Object.keys(Reflect.get(message, name) as object)[0]);
  };
  expect(keysOf('byInt32', ['10', '9', '-1', '-10'])).toEqual(['-10', '-1', '9', '10']);
  expect(keysOf('byUint64', ['18446744073709551615', '10', '9'])).toEqual([
    '9',
    '10',
    '18446744073709551615',
  ]);
  expect(keysOf('byBool', ['true', 'false'])).toEqual(['false', 'true']);
  expect(keysOf('byString', ['b', '\u{ff5e}', '\u{1f600}', '10', '9', 'a'])).toEqual([
    '10',
    '9',
    'a',
    'b',
    '\u{1f600}',
    '\u{ff5e}',
  ]);
});
