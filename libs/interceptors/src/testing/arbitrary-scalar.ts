import { ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';

const UUID = '0b6e9f0a-1d2c-4b3a-9f8e-7d6c5b4a3f2e';
const TEXTS = [
  ...[
    '',
    'a',
    'b',
    'ab',
    'aab',
    'abb',
    'abc',
    'abcd',
    'yes',
    'GBP',
    'gbp',
    'GBPS',
    'a-1',
    '-a',
    '12.a',
    '12.ab',
    '12345.ab',
  ],
  ...[
    '\0',
    'a\0b',
    'a\n',
    'GBP\n',
    ' ',
    'é',
    'éé',
    '日本',
    '😀',
    '😀😀',
    '😀😀😀',
    '😀😀😀😀',
    'a😀',
    '\ud800',
    '\udc00\ud800',
  ],
  ...[UUID, UUID.toUpperCase(), `${UUID}0`, UUID.slice(1), 'me@example.com', '__proto__'],
  ...[64, 65, 128, 129, 200, 201, 512, 513].flatMap((length) => ['x'.repeat(length), '😀'.repeat(length)]),
];
const NUMBERS = [0, 1, 2, 3, 4, 5, 200, 201, 500, 1e6, 1e6 + 1, 2 ** 31 - 1];
const LARGE = [
  0n,
  1n,
  2n,
  3n,
  5n,
  10n ** 9n,
  10n ** 9n + 1n,
  10n ** 11n,
  10n ** 11n + 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
];
const FLOATS = [0, -0, 1, 1.5, 2, 2.5, -1, -1.5, NaN, Infinity, -Infinity, 5e-324, 1e300];
const BYTES = ['', 'a', 'b', 'ab', 'ba', 'aab', 'abb', 'cabd', 'é', '\xff'].map((text) =>
  Buffer.from(text, 'latin1'),
);

const text = fc.oneof(fc.constantFrom(...TEXTS), fc.string({ unit: 'binary', maxLength: 6 }));
const unsigned = fc.oneof(fc.constantFrom(...NUMBERS, 2 ** 32 - 1), fc.nat());
const signed = fc.oneof(fc.constantFrom(...NUMBERS, -1, -2, -(2 ** 31)), fc.integer());
const unsignedLarge = fc.oneof(
  fc.constantFrom(...LARGE, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
const signedLarge = fc.oneof(
  fc.constantFrom(...LARGE, -1n, -2n, -(2n ** 63n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const double = fc.oneof(fc.constantFrom(...FLOATS), fc.double());
const bytes = fc.oneof(
  fc.constantFrom(...BYTES).map((value) => new Uint8Array(value)),
  fc.uint8Array({ maxLength: 4 }),
);

/** Values of every scalar type, most of them at the edge of something. */
export const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: bytes,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.INT32]: signed,
  [ScalarType.SINT32]: signed,
  [ScalarType.SFIXED32]: signed,
  [ScalarType.UINT32]: unsigned,
  [ScalarType.FIXED32]: unsigned,
  [ScalarType.INT64]: signedLarge,
  [ScalarType.SINT64]: signedLarge,
  [ScalarType.SFIXED64]: signedLarge,
  [ScalarType.UINT64]: unsignedLarge,
  [ScalarType.FIXED64]: unsignedLarge,
  [ScalarType.DOUBLE]: double,
  [ScalarType.FLOAT]: double.map(Math.fround),
};
