import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { OpenRequestSchema } from '@millrace/contracts/channel';
import { KeptPipe } from '../testing/channel-ends.ts';
import { FrameSender } from './frame-sender.ts';
import type { LongPayload } from './long-payloads.ts';
import { REQUEST } from './request-frame.ts';
import { blockTag, writeBytes, writeNumber } from './wire-writer.ts';

const KIB = 1_024;
/** A field that nobody knows: it only takes room. */
const FILLER = blockTag(15);

function createSender(onRoom?: () => void) {
  const pipe = new KeptPipe();
  const sender = new FrameSender({ pipe, chunkTag: REQUEST.chunks, ...(onRoom && { onRoom }) });
  const cancel = (id: number): void => {
    writeNumber(sender.frame(), REQUEST.cancels, id);
    sender.written();
  };
  const fill = (bytes: number): void => {
    writeBytes(sender.frame(), FILLER, Buffer.alloc(bytes));
    sender.written();
  };
  return { pipe, sender, cancel, fill };
}

const payload = (id: number, bytes: number, begin = (): void => undefined): LongPayload => ({
  id,
  payload: Buffer.alloc(bytes, id),
  begin,
});
const read = (frames: readonly Buffer[]) => frames.map((frame) => fromBinary(OpenRequestSchema, frame));
const cancelsOf = (frames: readonly Buffer[]) => read(frames).flatMap(({ cancels }) => cancels);
const chunksOf = (frames: readonly Buffer[]) =>
  read(frames).flatMap(({ chunks }) => chunks.map(({ id }) => id));
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('what is written in one turn goes in one frame, after it', async () => {
  const { pipe, cancel } = createSender();
  range(10).forEach(cancel);
  expect(pipe.frames).toEqual([]);
  const frames = await pipe.take();
  expect(frames).toHaveLength(1);
  expect(cancelsOf(frames)).toEqual(range(10));
  expect(await pipe.take()).toEqual([]);
});

test('a frame goes at once when it is long enough', async () => {
  const { pipe, cancel } = createSender();
  range(5_000).forEach(cancel);
  expect(pipe.frames.length).toBeGreaterThan(2);
  const frames = await pipe.take();
  expect(cancelsOf(frames)).toEqual(range(5_000));
  for (const frame of frames) expect(frame.length).toBeLessThan(5 * KIB);
});

test('a frame that has left is not written over by the next ones', async () => {
  const { pipe, sender, cancel } = createSender();
  const kept: Buffer[] = [];
  pipe.send = (frame, left) => {
    kept.push(frame);
    queueMicrotask(left);
  };
  const copies: Buffer[] = [];
  for (const turn of range(50)) {
    range(200).forEach((index) => cancel(turn * 200 + index));
    if (turn % 5 === 0) sender.addLong(payload(1, 100));
    await pipe.take();
    copies.push(...kept.slice(copies.length).map((frame) => Buffer.from(frame)));
  }
  expect(kept.map((frame, index) => frame.equals(copies[index] as Buffer))).toEqual(kept.map(() => true));
  expect(cancelsOf(kept)).toEqual(range(10_000));
});

test('what is taken back is not sent, what was written before it is', async () => {
  const { pipe, sender, cancel } = createSender();
  cancel(1);
  const frame = sender.frame();
  const { length } = frame;
  writeBytes(frame, FILLER, Buffer.alloc(100 * KIB));
  sender.takeBack(length);
  cancel(2);
  const other = sender.frame();
  const before = other.length;
  writeBytes(other, FILLER, Buffer.alloc(50 * KIB, 7));
  const taken = sender.takeOut(other.length - 50 * KIB, before);
  cancel(3);
  const frames = await pipe.take();
  expect(cancelsOf(frames)).toEqual([1, 2, 3]);
  expect(Buffer.concat(frames).length).toBeLessThan(100);
  expect(taken.equals(Buffer.alloc(50 * KIB, 7))).toBe(true);
});

describe('where the socket takes nothing', () => {
  test('frames wait, in order, and are counted', async () => {
    let rooms = 0;
    const { pipe, sender, fill, cancel } = createSender(() => (rooms += 1));
    pipe.isStuck = true;
    range(100).forEach(() => fill(5 * KIB));
    cancel(1);
    cancel(2);
    const below = await pipe.take();
    expect(Buffer.concat(below).length).toBeLessThan((256 + 8) * KIB);
    expect(sender.isFull).toBe(true);
    expect(sender.waitingBytes).toBeGreaterThan(200 * KIB);
    expect(sender.waitingFields).toBe(102 - below.length);
    const rest: Buffer[] = [];
    while (sender.isFull) {
      expect(rooms).toBe(0);
      pipe.release();
      rest.push(...(await pipe.take()));
    }
    expect([rooms, sender.waitingBytes, sender.waitingFields]).toEqual([1, 0, 0]);
    expect(cancelsOf(rest)).toEqual([1, 2]);
    expect(below.length + rest.length).toBe(101);
  });

  test('only few chunks lie below: short calls do not wait behind more', async () => {
    const { pipe, sender, cancel } = createSender();
    pipe.isStuck = true;
    sender.open(10_000 * KIB);
    sender.addLong(payload(1, 4_000 * KIB));
    const below = await pipe.take();
    expect(chunksOf(below).length).toBeLessThan(5);
    cancel(7);
    expect(cancelsOf(await pipe.take())).toEqual([7]);
    expect(sender.isFull).toBe(false);
  });

  test('nothing is kept of a sender that is closed', async () => {
    const { pipe, sender, fill } = createSender();
    pipe.isStuck = true;
    range(200).forEach(() => fill(5 * KIB));
    await pipe.take();
    sender.close();
    pipe.release(Infinity);
    fill(10);
    expect(await pipe.take()).toEqual([]);
    expect([sender.waitingBytes, sender.waitingFields]).toEqual([0, 0]);
  });
});

test('calls that never let the pipe run empty do not keep a long one waiting', async () => {
  const { pipe, sender, fill } = createSender();
  pipe.isStuck = true;
  sender.open(1_000 * KIB);
  range(60).forEach(() => fill(5 * KIB));
  sender.addLong(payload(1, 160 * KIB));
  const frames = await pipe.take();
  // One leaves, another one comes: there is always more than chunks wait for.
  for (const _ of range(100)) {
    fill(5 * KIB);
    pipe.release();
    frames.push(...(await pipe.take()));
  }
  expect(chunksOf(frames)).toHaveLength(10);
});

test('the head of a long payload goes before its first chunk', async () => {
  const { pipe, sender } = createSender();
  const order: string[] = [];
  sender.open(100 * KIB);
  const begin = (id: number) => (): void => {
    writeNumber(sender.frame(), REQUEST.cancels, id);
  };
  sender.addLong(payload(1, 20 * KIB, begin(1)));
  sender.addLong(payload(2, 40 * KIB, begin(2)));
  for (const { cancels, chunks } of read(await pipe.take())) {
    order.push(...cancels.map((id) => `head ${id}`), ...chunks.map(({ id }) => `chunk ${id}`));
  }
  expect(order.indexOf('head 1')).toBeLessThan(order.indexOf('chunk 1'));
  expect(order.indexOf('head 2')).toBeLessThan(order.indexOf('chunk 2'));
  expect(order.filter((one) => one.startsWith('chunk'))).toHaveLength(5);
});

test('it is empty when all has left, long payloads too', async () => {
  const { pipe, sender, cancel } = createSender();
  pipe.isStuck = true;
  let isEmpty = false;
  cancel(1);
  sender.addLong(payload(1, 20 * KIB));
  sender.whenEmpty(() => (isEmpty = true));
  await pipe.take();
  pipe.release(Infinity);
  await pipe.take();
  expect(isEmpty).toBe(false);
  sender.open(100 * KIB);
  await pipe.take();
  expect(isEmpty).toBe(false);
  pipe.release(Infinity);
  expect(isEmpty).toBe(true);
});
