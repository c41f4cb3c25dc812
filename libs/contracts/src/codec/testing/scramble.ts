import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { elementOf, type Element } from '../element.ts';
import { wireTypeOf } from '../wire-type.ts';
import { createRandom } from './random.ts';
import { bytesOf, contentOf, recordsOf, withContent, type WireRecord } from './records.ts';

/** A number that no type has. */
const UNKNOWN = 90_000;
const UNKNOWN_DATA: readonly (readonly [WireType, readonly number[]])[] = [
  [WireType.Varint, [0xff, 0x01]],
  [WireType.Bit64, [1, 2, 3, 4, 5, 6, 7, 8]],
  [WireType.LengthDelimited, [2, 0, 0xff]],
  [WireType.Bit32, [1, 2, 3, 4]],
];

export interface ScrambleOptions {
  readonly seed: number;
  /** Whether to put in fields that no type has. */
  readonly unknown: boolean;
}

/**
 * Other bytes of the same message: fields in any order, messages in pieces, numbers packed and not, keys behind values. A good encoding
 * written by somebody else, of which only the order within a list means something.
 */
export function scramble(
  descriptor: DescMessage,
  bytes: Uint8Array,
  { seed, unknown }: ScrambleOptions,
): Uint8Array {
  return new Scrambler(seed, unknown).message(descriptor, bytes);
}

class Scrambler {
  readonly #random: (limit: number) => number;
  readonly #unknown: boolean;

  constructor(seed: number, unknown: boolean) {
    this.#random = createRandom(seed);
    this.#unknown = unknown;
  }

  message(descriptor: DescMessage, bytes: Uint8Array, keepsUnknown = this.#unknown): Uint8Array {
    const records = recordsOf(bytes).flatMap((record) => {
      const field = descriptor.fields.find(({ number }) => number === record.no);
      return field ? this.#record(field, record) : [record];
    });
    if (keepsUnknown)
      for (let count = this.#random(3); count > 0; count--) records.push(this.#unknownRecord());
    return bytesOf(this.#shuffle(records));
  }

  #unknownRecord(): WireRecord {
    const [wireType, data] = UNKNOWN_DATA[this.#random(UNKNOWN_DATA.length)] as (typeof UNKNOWN_DATA)[number];
    return { no: UNKNOWN, wireType, data: Uint8Array.from(data) };
  }

  #record(field: DescField, record: WireRecord): WireRecord[] {
    const element = elementOf(field);
    if (field.fieldKind === 'map') return [withContent(record, this.#entry(element, contentOf(record)))];
    if (element.kind !== 'scalar') return this.#messageRecords(field, element, record);
    return field.fieldKind === 'list' ? this.#numbers(element.scalar, record) : [record];
  }

  #entry(element: Element, content: Uint8Array): Uint8Array {
    const records = recordsOf(content).map((part) =>
      part.no === 2 && element.kind !== 'scalar'
        ? withContent(part, this.#content(element, contentOf(part)))
        : part,
    );
    return bytesOf(this.#shuffle(records));
  }

  #content(element: Exclude<Element, { kind: 'scalar' }>, content: Uint8Array): Uint8Array {
    // What is held as a plain value has no place for what is unknown.
    return this.message(element.descriptor, content, this.#unknown && element.kind === 'message');
  }

  #messageRecords(
    field: DescField,
    element: Exclude<Element, { kind: 'scalar' }>,
    record: WireRecord,
  ): WireRecord[] {
    const content = this.#content(element, contentOf(record));
    if (field.fieldKind === 'list') return [withContent(record, content)];
    const parts = recordsOf(content);
    const cut = this.#random(parts.length + 1);
    return [parts.slice(0, cut), parts.slice(cut)].map((part) => withContent(record, bytesOf(part)));
  }

  /** Numbers of a list, in packs of any size and alone. */
  #numbers(scalar: Parameters<typeof wireTypeOf>[0], record: WireRecord): WireRecord[] {
    const wireType = wireTypeOf(scalar);
    if (wireType === WireType.LengthDelimited) return [record];
    const data = record.wireType === wireType ? record.data : contentOf(record);
    const reader = new BinaryReader(data);
    const records: WireRecord[] = [];
    while (reader.pos < reader.len) {
      const start = reader.pos;
      for (let count = this.#random(3); count >= 0 && reader.pos < reader.len; count--) reader.skip(wireType);
      const pack = new BinaryWriter().bytes(data.subarray(start, reader.pos)).finish();
      records.push({ no: record.no, wireType: WireType.LengthDelimited, data: pack });
      if (reader.pos === reader.len || this.#random(2) === 0) continue;
      records.push({ no: record.no, wireType, data: reader.skip(wireType) });
    }
    return records;
  }

  /** What has one number stays in its order. */
  #shuffle(records: readonly WireRecord[]): WireRecord[] {
    const queues = [...Map.groupBy(records, ({ no }) => no).values()];
    const shuffled: WireRecord[] = [];
    while (queues.length > 0) {
      const index = this.#random(queues.length);
      const queue = queues[index] as WireRecord[];
      shuffled.push(queue.shift() as WireRecord);
      if (queue.length === 0) queues.splice(index, 1);
    }
    return shuffled;
  }
}
