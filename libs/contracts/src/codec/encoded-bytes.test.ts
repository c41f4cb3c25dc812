import { create, getExtension, setExtension, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from '@jest/globals';
import { ByteWriter, createCodec, OrderSchema } from '../index.ts';
import { added, EveryKindSchema, LegacyKindsSchema } from '../testing.ts';

const codec = createCodec(OrderSchema);

test('what was encoded stays as it is whatever is encoded after it', () => {
  const sizes = Array.from({ length: 2_000 }, (_, index) => (index % 100 === 99 ? 40_000 : index % 700));
  const encode = (size: number, index: number) =>
    codec.encode({ id: 'x'.repeat(size), sequence: BigInt(index) });
  const encoded = sizes.map(encode);
  for (const [index, bytes] of encoded.entries())
    expect(codec.decode(bytes)).toMatchObject({
      id: 'x'.repeat(sizes[index] as number),
      sequence: BigInt(index),
    });
});

test('a refused message takes nothing from those that come after', () => {
  const before = codec.encode({ id: 'before' });
  expect(() => codec.encode({ id: 'x'.repeat(50_000), customerId: 5 })).toThrow(TypeError);
  expect(() => codec.encode({ id: 'small', customerId: 5 })).toThrow(TypeError);
  const after = codec.encode({ id: 'after' });
  expect(codec.decode(before)).toMatchObject({ id: 'before' });
  expect(codec.decode(after)).toMatchObject({ id: 'after' });
});

test('a message can encode another while it is encoded', () => {
  const inner: Buffer[] = [];
  const message = {
    id: 'outer',
    get customerId(): string {
      inner.push(codec.encode({ id: 'inner' }));
      return 'customer';
    },
  };
  const outer = codec.encode(message);
  expect(codec.decode(outer)).toMatchObject({ id: 'outer', customerId: 'customer' });
  expect(inner.map((bytes) => codec.decode(bytes))).toMatchObject(inner.map(() => ({ id: 'inner' })));
});

test('a message is written behind what is there, into memory that grows', () => {
  const to = new ByteWriter(Buffer.alloc(1));
  const messages = [{ id: 'a' }, { id: 'x'.repeat(300), lines: [{ sku: 'y'.repeat(20_000) }] }, {}];
  for (const message of messages) codec.write(message, to);
  expect(to.written()).toEqual(Buffer.concat(messages.map((message) => codec.encode(message))));
});

test('lengths of one to four bytes are written where messages, lists and entries of maps need them', () => {
  const every = createCodec(EveryKindSchema);
  for (const length of [0, 127, 128, 16_384, 2_097_152]) {
    const text = 'x'.repeat(length);
    const init = {
      singular: { stringValue: text },
      packed: { int32Values: Array.from({ length: length >> 2 }, () => -1) },
      mapValues: { stringValues: { [text]: text } },
    };
    const bytes = every.encode(init);
    expect(bytes.equals(toBinary(EveryKindSchema, create(EveryKindSchema, init)))).toBe(true);
  }
});

test('an extension that is not known here comes through', () => {
  const legacy = createCodec(LegacyKindsSchema);
  const message = create(LegacyKindsSchema);
  setExtension(message, added, 'more');
  const decoded = legacy.decode(legacy.encode(message));
  const again = fromBinary(LegacyKindsSchema, new Uint8Array(legacy.encode(decoded)));
  expect(getExtension(again, added)).toBe('more');
});

test('of a message with defaults, only what it was given is written', () => {
  const legacy = createCodec(LegacyKindsSchema);
  const message = create(LegacyKindsSchema);
  expect(message.stringValue).toBe('none');
  expect(legacy.encode(message)).toHaveLength(0);
  const decoded = legacy.decode(legacy.encode({ int64Value: 0n, boolValue: false }));
  expect(decoded).toMatchObject({ int64Value: 0n, boolValue: false });
  expect(decoded).toHaveProperty('stringValue', 'none');
  expect(Object.hasOwn(decoded, 'stringValue')).toBe(false);
});
