import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import fc, { type Arbitrary } from 'fast-check';
import { lengthDelimited, nested, tag, varint, WireType } from './wire.ts';

/** Bytes in the place of a message. */
export interface BadMessage {
  /** What was done, for whoever reads a failure. */
  readonly what: string;
  readonly bytes: Buffer;
  /** Whether no decoder may take it; otherwise it may be good by luck. */
  readonly isBroken: boolean;
}

type Bad = Arbitrary<BadMessage>;

const bad = (what: string, isBroken: boolean, bytes: Arbitrary<Buffer>): Bad =>
  bytes.map((made) => ({ what, isBroken, bytes: made }));

const fieldNumber = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 12 }) },
  fc.integer({ min: 1, max: 2 ** 29 - 1 }),
);
const BIG = [
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const number = fc.oneof(
  fc.constantFrom(...BIG),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0n, max: 300n }),
);
const NO_UTF8 = ['ff', '61ff', 'c080', 'eda080', 'f8888080', 'e282', '80', 'f4908080'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/** Field of a message by what it holds; undefined where there is none. */
function fieldsOf(message: DescMessage, holds: (field: DescField) => boolean): number[] {
  return message.fields.filter(holds).map(({ number: field }) => field);
}

const isText = (field: DescField): boolean =>
  field.fieldKind === 'scalar' && field.scalar === ScalarType.STRING;
const isMessage = (field: DescField): field is DescField & { fieldKind: 'message' } =>
  field.fieldKind === 'message';

const badVarint = bad(
  'a varint of eleven bytes',
  true,
  fieldNumber.map((field) => Buffer.concat([tag(field, WireType.VARINT), Buffer.alloc(11, 0xff)])),
);
const cutVarint = bad(
  'a varint that does not end',
  true,
  fieldNumber.map((field) => Buffer.concat([tag(field, WireType.VARINT), Buffer.from([0x80])])),
);
const lyingLength = (fields: readonly number[]): Bad =>
  bad(
    'a length beyond the end',
    true,
    fc
      .tuple(
        fc.constantFrom(...fields, 13, 2 ** 29 - 1),
        fc.constantFrom(1n, 127n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 64n - 1n),
      )
      .map(([field, length]) => Buffer.concat([tag(field, WireType.LEN), varint(length)])),
  );
const noField = bad(
  'field 0',
  true,
  fc.constantFrom(0, 1, 2, 5).map((type) => Buffer.from([type, 0, 0, 0, 0, 0, 0, 0, 0])),
);
const noWireType = bad(
  'a wire type that is none',
  true,
  fc
    .tuple(fieldNumber, fc.constantFrom(6, 7))
    .map(([field, type]) => Buffer.concat([tag(field, type), Buffer.alloc(8)])),
);
const groupEnd = bad(
  'the end of a group that never began',
  true,
  fieldNumber.map((field) => tag(field, WireType.GROUP_END)),
);
const groups = bad(
  'groups in groups without an end',
  true,
  fc.integer({ min: 1, max: 10_000 }).map((depth) => Buffer.alloc(depth, tag(13, WireType.GROUP))),
);
const closedGroups = bad(
  'groups in groups',
  false,
  fc
    .integer({ min: 1, max: 10_000 })
    .map((depth) =>
      Buffer.concat([
        Buffer.alloc(depth, tag(13, WireType.GROUP)),
        Buffer.alloc(depth, tag(13, WireType.GROUP_END)),
      ]),
    ),
);
const noise = bad(
  'noise',
  false,
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
);
const bigNumber = bad(
  'a number from 2^53 to 2^64',
  false,
  fc
    .tuple(fieldNumber, number)
    .map(([field, value]) => Buffer.concat([tag(field, WireType.VARINT), varint(value)])),
);
const repeatedField = bad(
  'one field many times',
  false,
  fc
    .tuple(
      fieldNumber,
      fc.constantFrom(Buffer.alloc(0), Buffer.from('a')),
      fc.integer({ min: 2, max: 2_000 }),
    )
    .map(([field, value, times]) =>
      Buffer.concat(Array.from({ length: times }, () => lengthDelimited(field, value))),
    ),
);

function inText(message: DescMessage): Bad[] {
  const fields = fieldsOf(message, isText);
  if (fields.length === 0) return [];
  const field = fc.constantFrom(...fields);
  return [
    bad(
      'text that is no UTF-8',
      true,
      fc.tuple(field, fc.constantFrom(...NO_UTF8)).map(([at, text]) => lengthDelimited(at, text)),
    ),
    bad(
      'odd text',
      false,
      fc
        .tuple(field, fc.string({ unit: 'binary' }))
        .map(([at, text]) => lengthDelimited(at, Buffer.from(text))),
    ),
  ];
}

/** Rare: a hundred of them are a hundred MiB. */
function longText(message: DescMessage): Bad {
  const fields = fieldsOf(message, isText);
  const field = fc.constantFrom(...(fields.length > 0 ? fields : [1]));
  return bad(
    'a text of 1 MiB',
    false,
    field.map((at) => lengthDelimited(at, MEBIBYTE)),
  );
}

const MEBIBYTE = Buffer.alloc(1024 * 1024, 'x');

/** The same, in a message further down. */
function within(message: DescMessage, depth: number): Bad[] {
  if (depth === 0) return [];
  return message.fields.filter(isMessage).map((field) =>
    badMessage(field.message, depth - 1).map(({ what, bytes, isBroken }) => ({
      what: `${what}, in ${field.name}`,
      isBroken,
      bytes: lengthDelimited(field.number, bytes),
    })),
  );
}

function deep(message: DescMessage): Bad[] {
  const recursive = message.fields.filter(isMessage).filter(({ message: inner }) => inner === message);
  const depths = fc.constantFrom(10, 90, 101, 1_000, 10_000);
  return recursive.map(({ number: field }) =>
    bad(
      'a message in a message, and so on',
      false,
      depths.map((depth) => nested(field, depth)),
    ),
  );
}

/** Everything that may stand where a message of this type should. */
export function badMessage(message: DescMessage, depth = 2): Bad {
  const anywhere = [
    badVarint,
    cutVarint,
    noField,
    noWireType,
    groupEnd,
    groups,
    closedGroups,
    noise,
    bigNumber,
    repeatedField,
  ];
  const here = [
    lyingLength(fieldsOf(message, isText)),
    ...anywhere,
    ...inText(message),
    ...deep(message),
    ...within(message, depth),
  ];
  return fc.oneof(...here.map((arbitrary) => ({ weight: 20, arbitrary })), {
    weight: 1,
    arbitrary: longText(message),
  });
}
