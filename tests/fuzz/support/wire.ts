/** The wire types of protobuf. */
export const WireType = { VARINT: 0, I64: 1, LEN: 2, GROUP: 3, GROUP_END: 4, I32: 5 } as const;

/** A varint, as it should be. */
export function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** What comes before a field's value. */
export function tag(field: number, wireType: number): Buffer {
  return varint((BigInt(field) << 3n) | BigInt(wireType));
}

/** A field of bytes: text, a message, or just bytes. */
export function lengthDelimited(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([tag(field, WireType.LEN), varint(bytes.length), bytes]);
}

/** A message within itself, so many times. */
export function nested(field: number, depth: number): Buffer {
  // From the inside out, into one buffer: its end is filled first.
  const buffer = Buffer.alloc(depth * 8);
  let start = buffer.length;
  for (let level = 0; level < depth; level++) {
    const head = Buffer.concat([tag(field, WireType.LEN), varint(buffer.length - start)]);
    start -= head.length;
    head.copy(buffer, start);
  }
  return buffer.subarray(start);
}
