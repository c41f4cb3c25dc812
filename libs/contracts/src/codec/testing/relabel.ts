import { ScalarType, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { elementOf } from '../element.ts';
import { wireTypeOf } from '../wire-type.ts';
import { contentOf, withContent } from './records.ts';

/** Reserved by protobuf, a thousand of them: no field has one of these numbers. */
const RESERVED = 19_000;

/** What a message, or an entry of a map, can have in it. */
interface Known {
  readonly number: number;
  readonly framings: readonly WireType[];
  /** What can be in it, when it is a message or an entry. */
  readonly inner?: () => readonly Known[];
}

/** Where something ends: at a place, and before that at the end of a group, if it is one. */
interface Until {
  readonly end: number;
  /** The number of the group that it is, and the number that it gets. */
  readonly group?: number;
  readonly as?: number;
}

/**
 * The bytes as protobuf-es has to be given them so that it reads what the codec reads. A field that is framed in another way than its type says is
 * unknown for protobuf; protobuf-es takes it for the field all the same, and goes on reading in the middle of something. Here it gets a number that is
 * really unknown.
 *
 * Throws where the codec is stricter than protobuf-es: for what reaches out of the message that it is in, for a skipped number of more than ten bytes,
 * for a length of more than 32 bits, for the end of a group that never began.
 */
export class Relabelled {
  readonly bytes: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #reader: BinaryReader;
  /** The numbers that were, by those that are. */
  readonly #numbers: number[] = [];

  constructor(descriptor: DescMessage, bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new BinaryReader(bytes);
    this.bytes = this.#relabel(knownOf(descriptor), { end: bytes.length });
  }

  /** Gives what is unknown in the message, and in those in it, the numbers that it had. */
  restore(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    for (const inner of Object.values(value)) this.restore(inner);
    const { $unknown } = value as Message;
    if ($unknown)
      (value as Message).$unknown = $unknown.map((one) => {
        const renamed = { ...one, no: this.#numbers[one.no - RESERVED] ?? one.no };
        return one.wireType === WireType.StartGroup ? withContent(renamed, contentOf(one)) : renamed;
      });
    return value;
  }

  #relabel(fields: readonly Known[], until: Until): Uint8Array {
    const writer = new BinaryWriter();
    while (this.#reader.pos < until.end) {
      const [no, wireType] = this.#reader.tag();
      if (wireType === WireType.EndGroup && no === until.group) {
        this.#checkEnd(until);
        return writer.tag(until.as ?? no, wireType).finish();
      }
      const field = fields.find(({ number }) => number === no);
      if (field?.framings.includes(wireType))
        writer.tag(no, wireType).raw(this.#known(field, wireType, until));
      else {
        const as = this.#rename(no, field);
        writer.tag(as, wireType).raw(this.#skip(no, wireType, { ...until, as }));
      }
      this.#checkEnd(until);
    }
    if (until.group !== undefined) throw new Error('a group without an end');
    return writer.finish();
  }

  #rename(no: number, field: Known | undefined): number {
    if (!field && (no < RESERVED || no >= RESERVED + 1_000)) return no;
    this.#numbers.push(no);
    return RESERVED + this.#numbers.length - 1;
  }

  #known({ inner, framings, number }: Known, wireType: WireType, until: Until): Uint8Array {
    if (wireType === WireType.StartGroup) return this.#relabel(inner?.() ?? [], { ...until, group: number });
    if (wireType !== WireType.LengthDelimited) return this.#skip(number, wireType, until);
    const start = this.#reader.pos;
    const end = this.#length() + this.#reader.pos;
    if (end > until.end) throw new Error('reaches out of its message');
    if (inner) return new BinaryWriter().bytes(this.#relabel(inner(), { end })).finish();
    const [packed = wireType] = framings;
    while (packed !== wireType && this.#reader.pos < end) this.#skip(number, packed, { end });
    this.#goTo(Math.max(this.#reader.pos, end));
    this.#checkEnd({ end });
    return this.#bytes.subarray(start, end);
  }

  #skip(no: number, wireType: WireType, until: Until): Uint8Array {
    const start = this.#reader.pos;
    if (wireType === WireType.Varint) this.#reader.uint64();
    else if (wireType === WireType.StartGroup) return this.#relabel([], { ...until, group: no });
    else if (wireType === WireType.LengthDelimited) this.#goTo(this.#length() + this.#reader.pos);
    else this.#reader.skip(wireType);
    return this.#bytes.subarray(start, this.#reader.pos);
  }

  #goTo(position: number): void {
    this.#reader.pos = position;
  }

  #length(): number {
    const start = this.#reader.pos;
    const length = this.#reader.uint32();
    const count = this.#reader.pos - start;
    if (count > 5 || (count === 5 && (this.#bytes[start + 4] as number) > 0x0f))
      throw new Error('a length of more than 32 bits');
    return length;
  }

  #checkEnd({ end }: Until): void {
    if (this.#reader.pos > end) throw new Error('reaches out of its message');
  }
}

function knownOf(descriptor: DescMessage): readonly Known[] {
  return descriptor.fields.map((field): Known => {
    const { number } = field;
    if (field.fieldKind !== 'map') return { number, ...kindOf(field) };
    const key: Known = { number: 1, framings: [wireTypeOf(field.mapKey)] };
    const entry = [key, { number: 2, ...kindOf(field) }];
    return { number, framings: [WireType.LengthDelimited], inner: () => entry };
  });
}

function kindOf(field: DescField): Omit<Known, 'number'> {
  const element = elementOf(field);
  if (element.kind !== 'scalar') {
    const framing = element.isGroup ? WireType.StartGroup : WireType.LengthDelimited;
    return { framings: [framing], inner: () => knownOf(element.descriptor) };
  }
  const framing = wireTypeOf(element.scalar);
  const isPackable =
    field.fieldKind === 'list' && element.scalar !== ScalarType.STRING && element.scalar !== ScalarType.BYTES;
  return { framings: isPackable ? [framing, WireType.LengthDelimited] : [framing] };
}
