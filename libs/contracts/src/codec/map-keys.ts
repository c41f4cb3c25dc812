import { ScalarType } from '@bufbuild/protobuf';
import { isRecord } from './record.ts';
import { refuse } from './refuse.ts';

/** The keys of a map field, in the order and form in which they are written. Throws a TypeError that names the field for a wrong one. */
export type MapKeys = (
  record: Readonly<Record<string, unknown>>,
  field: string,
) => readonly (string | number | bigint | boolean)[];

/** As Array.prototype.sort does: by UTF-16 code units. */
const textKeys: MapKeys = (record, field) => {
  const keys = ownKeys(record, field);
  return keys.length > 1 ? keys.sort() : keys;
};

const booleanKeys: MapKeys = (record, field) =>
  textKeys(record, field).map(
    (key) => key === 'true' || (key !== 'false' && refuse(field, 'keys true and false', key)),
  );

const numberKeys: MapKeys = (record, field) =>
  ownKeys(record, field)
    .map((key) => parsed(key, Number(key), field))
    .sort((a, b) => a - b);

const longKeys: MapKeys = (record, field) =>
  ownKeys(record, field)
    .map((key) => parsed(key, /^-?\d+$/.test(key) ? BigInt(key) : undefined, field))
    .sort((a, b) => (a < b ? -1 : 1));

function ownKeys(record: unknown, field: string): string[] {
  if (!isRecord(record)) refuse(field, 'object with the entries of the map', record);
  return Object.keys(record);
}

/** Only as JavaScript writes it itself: otherwise `1` and `01` would be one key on the wire. */
function parsed<T>(key: string, number: T, field: string): NonNullable<T> {
  if (number == null || String(number) !== key) refuse(field, 'keys that are whole numbers', key);
  return number;
}

/** How the keys of a type are sorted: numbers by value, texts by UTF-16 code units, false before true. */
export function mapKeysOf(scalar: ScalarType): MapKeys {
  switch (scalar) {
    case ScalarType.STRING:
      return textKeys;
    case ScalarType.BOOL:
      return booleanKeys;
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return longKeys;
    default:
      return numberKeys;
  }
}
