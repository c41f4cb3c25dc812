import { expect, test } from '@jest/globals';
import { ByteWriter } from '@millrace/contracts';
import fc from 'fast-check';
import { Code, createMetadata, type MetadataInit } from '../index.ts';
import { anyMetadata, sortedPairs } from '../testing/any-metadata.ts';
import { MetadataReader } from './metadata-reader.ts';
import { MetadataWriter } from './metadata-writer.ts';
import { beginCall, readCall } from './request-frame.ts';
import { WireReader } from './wire-reader.ts';
import { endBlock } from './wire-writer.ts';

const MOST = 16 * 1024;

/** Both ends of a table: what is written for one is read by the other, or taken back. */
function createTable(slots: number, maxBytes = MOST) {
  const writer = new MetadataWriter(slots, maxBytes);
  const reader = new MetadataReader(slots, MOST);
  const to = new ByteWriter();
  const write = (init: MetadataInit): Buffer => {
    to.length = 0;
    const head = { id: 1, method: 0, timeoutMs: undefined, metadata: createMetadata(init) };
    endBlock(to, beginCall(to, head, writer));
    return Buffer.from(to.written());
  };
  return {
    write,
    takeBack: () => writer.takeBack(),
    /** Writes it, and gives what is read, in how many bytes. */
    pass: (init: MetadataInit) => {
      const bytes = write(init);
      const from = new WireReader(bytes);
      from.number();
      return { pairs: sortedPairs(readCall(from, reader).metadata.entries()), bytes: bytes.length };
    },
  };
}

test('what is known goes as a number', () => {
  const { pass } = createTable(64);
  const metadata = { authorization: `Bearer ${'x'.repeat(500)}`, 'x-b': 'b' };
  const [first, second] = [pass(metadata), pass(metadata)];
  expect(second.pairs).toEqual(first.pairs);
  expect(first.bytes).toBeGreaterThan(500);
  expect(second.bytes).toBeLessThan(20);
});

test('bytes, long texts and the trace context are not remembered', () => {
  const { pass } = createTable(64);
  const metadata = { 'x-a-bin': Buffer.from('abc'), 'x-b': 'b'.repeat(1_025), traceparent: '00-1-2-01' };
  expect(pass(metadata).bytes).toBe(pass(metadata).bytes);
});

test('one text under two keys is two pairs', () => {
  const { pass } = createTable(64);
  for (const _ of [1, 2, 3]) {
    expect(pass({ 'x-a': 'same', 'x-b': 'same' }).pairs).toEqual([
      ['x-a', 'same'],
      ['x-b', 'same'],
    ]);
  }
});

test('a table without slots, or with one, is no different to who reads', () => {
  for (const slots of [0, 1]) {
    const { pass } = createTable(slots);
    for (const metadata of [{ 'x-a': '1', 'x-b': '2' }, { 'x-a': '1' }, { 'x-b': '2', 'x-c': '1' }]) {
      expect(pass(metadata).pairs).toEqual(sortedPairs(Object.entries(metadata)));
    }
  }
});

test('a call that cannot be written leaves nothing behind that the other end does not know', () => {
  const { pass, write, takeBack } = createTable(2);
  pass({ 'x-a': '1', 'x-b': '2' });
  for (const bad of [
    { 'x-c': '3', te: 'x' },
    { 'x-d': '4', 'x-c': 'ü' },
    { 'x-e': '5', 'x-a-bin': 'text' },
  ]) {
    expect(() => write(bad)).toThrow(expect.objectContaining({ code: Code.INVALID_ARGUMENT, sent: 'never' }));
    takeBack();
    for (const metadata of [{ 'x-c': '3' }, { 'x-a': '1', 'x-d': '4' }, { 'x-b': '2', 'x-e': '5' }]) {
      expect(pass(metadata).pairs).toEqual(sortedPairs(Object.entries(metadata)));
    }
  }
});

test('more than the other end takes is refused, known or not', () => {
  const { write, takeBack, pass } = createTable(64, 200);
  const known = { 'x-a': 'a'.repeat(100) };
  pass(known);
  for (const much of [{ 'x-long': 'x'.repeat(170) }, { ...known, 'x-b': 'b'.repeat(40) }]) {
    expect(() => write(much)).toThrow(
      expect.objectContaining({ code: Code.RESOURCE_EXHAUSTED, sent: 'never' }),
    );
    takeBack();
  }
  expect(pass({ ...known, 'x-c': 'c' }).pairs).toHaveLength(2);
});

test('whatever is written and whatever is taken back, what is read is what was written', () => {
  const step = fc.record({ metadata: anyMetadata, isTakenBack: fc.boolean(), isBad: fc.boolean() });
  const steps = fc.array(step, { minLength: 1, maxLength: 60 });
  const property = fc.property(steps, fc.constantFrom(0, 1, 2, 3, 64), (all, slots) => {
    const { pass, write, takeBack } = createTable(slots);
    for (const { metadata, isTakenBack, isBad } of all) {
      if (isBad) expect(() => write({ ...metadata, 'x-z': 'ü' })).toThrow();
      else if (isTakenBack) write(metadata);
      else {
        expect(pass(metadata).pairs).toEqual(sortedPairs(createMetadata(metadata).entries()));
        continue;
      }
      takeBack();
    }
  });
  fc.assert(property, { numRuns: 300 });
});
