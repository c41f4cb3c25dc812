import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** One field as it stands on the wire. */
export interface WireRecord {
  readonly no: number;
  readonly wireType: WireType;
  /** What comes after the tag; of a group also the tag that ends it. */
  readonly data: Uint8Array;
}

/** Takes a message apart, by protobuf-es. Throws where it would. */
export function recordsOf(bytes: Uint8Array): WireRecord[] {
  const reader = new BinaryReader(bytes);
  const records: WireRecord[] = [];
  while (reader.pos < reader.len) {
    const [no, wireType] = reader.tag();
    records.push({ no, wireType, data: reader.skip(wireType, no) });
  }
  return records;
}

/** Puts it together again. */
export function bytesOf(records: readonly WireRecord[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { no, wireType, data } of records) writer.tag(no, wireType).raw(data);
  return writer.finish();
}

/** What is inside a record with a length or a group. */
export function contentOf({ wireType, data, no }: WireRecord): Uint8Array {
  if (wireType === WireType.LengthDelimited) return new BinaryReader(data).bytes();
  return data.subarray(0, data.length - bytesOf([{ no, wireType: WireType.EndGroup, data: EMPTY }]).length);
}

/** A record like the other, with something else inside. */
export function withContent({ no, wireType }: WireRecord, content: Uint8Array): WireRecord {
  if (wireType === WireType.LengthDelimited)
    return { no, wireType, data: new BinaryWriter().bytes(content).finish() };
  return { no, wireType, data: new BinaryWriter().raw(content).tag(no, WireType.EndGroup).finish() };
}

const EMPTY = new Uint8Array();
