import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CHUNK_BYTES, LongPayloads, type LongPayload, type Piece } from './long-payloads.ts';

function payload(id: number, bytes: number, told: string[] = []): LongPayload {
  return {
    id,
    payload: Buffer.alloc(bytes, id),
    begin: () => told.push(`begin ${id}`),
    end: () => told.push(`end ${id}`),
  };
}

function piecesOf(all: LongPayloads): Piece[] {
  const pieces: Piece[] = [];
  for (let piece = all.next(); piece; piece = all.next()) pieces.push(piece);
  return pieces;
}

test('nothing begins before the other end has said how much it takes', () => {
  const told: string[] = [];
  const all = new LongPayloads();
  all.add(payload(1, 20_000, told));
  all.credit(1_000_000);
  expect([told, all.next(), all.hasPieces, all.waitingBytes]).toEqual([[], undefined, false, 20_000]);
  all.open(20_000);
  expect([told, all.hasPieces, all.waitingBytes]).toEqual([['begin 1'], true, 0]);
  expect(piecesOf(all).map(({ data }) => data.length)).toEqual([CHUNK_BYTES, 20_000 - CHUNK_BYTES]);
  expect(told).toEqual(['begin 1', 'end 1']);
});

test('one that is removed takes no more turns, and nobody is told of its end', () => {
  const told: string[] = [];
  const all = new LongPayloads();
  all.open(100_000);
  const [one, other, late] = [payload(1, 50_000, told), payload(2, 50_000, told), payload(3, 50_000, told)];
  for (const each of [one, other, late]) all.add(each);
  all.next();
  all.remove(one);
  all.remove(late);
  all.remove(late);
  expect(all.waitingBytes).toBe(0);
  expect(new Set(piecesOf(all).map(({ id }) => id))).toEqual(new Set([2]));
  expect(told).toEqual(['begin 1', 'begin 2', 'end 2']);
});

test('all are sent whole, in turns, in the order they came, and never more than there is room for', () => {
  const lengths = fc.array(fc.integer({ min: CHUNK_BYTES + 1, max: 10 * CHUNK_BYTES }), {
    minLength: 1,
    maxLength: 20,
  });
  const limit = fc.integer({ min: 10 * CHUNK_BYTES, max: 30 * CHUNK_BYTES });
  const property = fc.property(lengths, limit, fc.infiniteStream(fc.nat(5)), (bytes, limitBytes, choices) => {
    const all = new LongPayloads();
    const begun: number[] = [];
    const received = new Map<number, Buffer[]>();
    let takenBytes = 0;
    const queue = bytes.map((length, index): LongPayload => ({
      id: index + 1,
      payload: Buffer.alloc(length, index + 1),
      begin: () => {
        begun.push(index + 1);
        takenBytes += length;
        expect(takenBytes).toBeLessThanOrEqual(limitBytes);
      },
    }));
    const whole: LongPayload[] = [];
    let last = 0;
    const takeOne = (): void => {
      const open = [...received.keys()].filter((id) => !whole.some((one) => one.id === id));
      const piece = all.next();
      if (!piece) return;
      // Never twice in a row while another one that has begun waits for its turn.
      if (piece.id === last) expect(open.filter((id) => id !== last)).toEqual([]);
      last = piece.id;
      const pieces = [...(received.get(piece.id) ?? []), piece.data];
      received.set(piece.id, pieces);
      const one = queue[piece.id - 1] as LongPayload;
      if (Buffer.concat(pieces).length === one.payload.length) whole.push(one);
    };
    const waiting = [...queue];
    all.open(limitBytes);
    let released = 0;
    for (const choice of choices) {
      const next = choice === 0 ? waiting.shift() : undefined;
      if (next) all.add(next);
      else if (choice === 1 && released < whole.length) {
        const { length } = (whole[released++] as LongPayload).payload;
        takenBytes -= length;
        all.credit(length);
      } else takeOne();
      if (released === queue.length) break;
    }
    expect(begun).toEqual(queue.map(({ id }) => id));
    for (const { id, payload: sent } of queue)
      expect(sent.equals(Buffer.concat(received.get(id) ?? []))).toBe(true);
    expect(all.waitingBytes).toBe(0);
  });
  fc.assert(property, { numRuns: 100 });
});

test.each([2 ** 32 - 1, 2 ** 53, Infinity])('credits of %d are worth what was taken', (credit) => {
  const told: string[] = [];
  const all = new LongPayloads();
  all.open(100_000);
  for (let count = 0; count < 100; count++) all.credit(credit);
  for (let id = 1; id <= 6; id++) all.add(payload(id, 30_000, told));
  expect(told).toEqual(['begin 1', 'begin 2', 'begin 3']);
});
