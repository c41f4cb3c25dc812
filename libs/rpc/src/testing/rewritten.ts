import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The next number, from 0 up to below this. */
export type Draw = (below: number) => number;

/** The same numbers for the same seed (a linear congruential generator, by the constants of Numerical Recipes). */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Field {
  readonly number: number;
  readonly type: WireType;
  /** Of a number, the number; of the others, what follows their length. */
  readonly value: number | Uint8Array;
}

/** A number of up to five bytes, some of them more than it needs. */
function padded(value: number, draw: Draw): Buffer {
  const bytes = [...new BinaryWriter().uint32(value).finish()];
  const length = bytes.length + draw(6 - bytes.length);
  while (bytes.length < length) bytes.push((bytes.pop() ?? 0) | 0x80, 0);
  return Buffer.from(bytes);
}

function fieldsOf(message: DescMessage, bytes: Uint8Array, draw: Draw): Field[] {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const field = message.fields.find((one) => one.number === number);
    if (type === WireType.Varint) fields.push({ number, type, value: reader.uint32() });
    else {
      const value = reader.bytes();
      fields.push({ number, type, value: field?.message ? rewrite(field.message, value, draw) : value });
    }
  }
  return fields;
}

/** Another order, but not of what is repeated. */
function shuffle(fields: readonly Field[], draw: Draw): Field[] {
  const order = fields.map(({ number }) => number);
  for (let index = order.length - 1; index > 0; index--) {
    const other = draw(index + 1);
    [order[index], order[other]] = [order[other] as number, order[index] as number];
  }
  const rest = [...fields];
  return order.map(
    (number) =>
      rest.splice(
        rest.findIndex((field) => field.number === number),
        1,
      )[0] as Field,
  );
}

const UNKNOWN: readonly ((writer: BinaryWriter) => BinaryWriter)[] = [
  (writer) => writer.tag(100, WireType.Varint).uint64(2n ** 64n - 1n),
  (writer) => writer.tag(16, WireType.LengthDelimited).string('later'),
  (writer) => writer.tag(2 ** 28, WireType.Bit32).fixed32(7),
  (writer) => writer.tag(99, WireType.Bit64).fixed64(7n),
];

/** The same message as somebody else might write it: other order, longer numbers, fields that nobody knows. */
export function rewrite(message: DescMessage, bytes: Uint8Array, draw: Draw): Buffer {
  const parts: Uint8Array[] = [];
  for (const { number, type, value } of shuffle(fieldsOf(message, bytes, draw), draw)) {
    if (draw(4) === 0)
      parts.push((UNKNOWN[draw(UNKNOWN.length)] as (typeof UNKNOWN)[number])(new BinaryWriter()).finish());
    parts.push(padded((number << 3) | type, draw));
    if (typeof value === 'number') parts.push(padded(value, draw));
    else parts.push(padded(value.length, draw), value);
  }
  return Buffer.concat(parts);
}
