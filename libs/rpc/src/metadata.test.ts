import { Metadata } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { fromGrpcMetadata, toGrpcMetadata } from './grpc-metadata.ts';
import { createMetadata, mergeMetadata, NO_METADATA } from './metadata.ts';

test('keys are the same in any case', () => {
  const metadata = createMetadata({ 'X-Key': 'a' });
  expect(metadata.get('x-KEY')).toBe('a');
  expect([...metadata.entries()]).toEqual([['x-key', 'a']]);
});

test('text and bytes are not mistaken for each other', () => {
  const bytes = new Uint8Array([1]);
  const metadata = createMetadata({ text: 'a', 'data-bin': bytes });
  expect([metadata.get('text'), metadata.getBytes('text')]).toEqual(['a', undefined]);
  expect([metadata.get('data-bin'), metadata.getBytes('data-bin')]).toEqual([undefined, bytes]);
});

test('a merge sets, takes out, and leaves its base alone', () => {
  const base = createMetadata({ a: '1', b: '2' });
  const merged = mergeMetadata(base, { A: undefined, c: '3' });
  expect([...merged.entries()]).toEqual([
    ['b', '2'],
    ['c', '3'],
  ]);
  expect(base.get('a')).toBe('1');
  expect([...NO_METADATA.entries()]).toEqual([]);
});

test('of several values the first counts, before a merge and after it', () => {
  const grpc = new Metadata();
  grpc.add('role', 'customer');
  grpc.add('role', 'admin');
  const metadata = fromGrpcMetadata(grpc);
  expect(metadata.get('role')).toBe('customer');
  expect(mergeMetadata(metadata, { other: 'x' }).get('role')).toBe('customer');
  expect([...metadata.entries()]).toHaveLength(2);
});

test('keys that are names in JavaScript are just keys', () => {
  const metadata = createMetadata(
    JSON.parse('{"__proto__": "a", "constructor": "b"}') as Record<string, string>,
  );
  expect(metadata.get('constructor')).toBe('b');
  expect(metadata.get('tostring')).toBeUndefined();
  const grpc = new Metadata();
  grpc.add('__proto__', 'a');
  expect([...fromGrpcMetadata(grpc).entries()].filter(([key]) => key !== '__proto__')).toEqual([]);
});

test('what goes to the wire comes back', () => {
  const metadata = createMetadata({ text: 'a b', 'data-bin': new Uint8Array([0, 255]) });
  const back = fromGrpcMetadata(toGrpcMetadata(metadata));
  expect([...back.entries()]).toEqual([
    ['text', 'a b'],
    ['data-bin', Buffer.from([0, 255])],
  ]);
});
