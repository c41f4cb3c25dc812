import { ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';

/** Lengths around those at which the codec changes its way: see write-text.ts and read-text.ts. */
const LENGTHS = [1, 11, 12, 13, 35, 36, 37, 42, 43, 63, 127, 128, 129, 5_461, 16_383, 16_384];
const SIGNS = ['a', 'é', '日', '😀', '\ufeff', '\ufffd', '\0'];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'binary-ascii', maxLength: 50 }),
  fc
    .tuple(fc.constantFrom(...SIGNS), fc.constantFrom(...LENGTHS))
    .map(([sign, length]) => sign.repeat(length)),
  fc.constantFrom('', '__proto__', 'constructor', '7', '-1'),
);

const int32 = fc.oneof(
  fc.constantFrom(0, 1, -1, 127, 128, 16_383, 16_384, 2 ** 21, 2 ** 28, 2 ** 31 - 1, -(2 ** 31)),
  fc.integer(),
);
const uint32 = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 32 - 1),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
/** Around every number of bytes that a varint can have. */
const EDGES = Array.from({ length: 9 }, (_, index) => 2n ** BigInt(7 * (index + 1)));
const int64 = fc.oneof(
  fc.constantFrom(0n, ...EDGES.flatMap((edge) => [edge - 1n, edge, -edge])).map((n) => BigInt.asIntN(64, n)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const uint64 = int64.map((number) => BigInt.asUintN(64, number));
const double = fc.oneof(fc.constantFrom(0, -0, NaN, Infinity, 5e-324), fc.double());
const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 100, maxLength: 300 }));

/** Values of every scalar type, many at an edge. A text is well-formed: others do not come back as they were. */
export const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: bytes,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.DOUBLE]: double,
  [ScalarType.FLOAT]: double.map(Math.fround),
};
