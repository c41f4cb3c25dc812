import { beforeEach, expect, test } from '@jest/globals';
import { SendWindow } from './send-window.ts';

const KIBIBYTE = 1024;

let lefts: (() => void)[];
let window: SendWindow;

beforeEach(() => {
  lefts = [];
  window = new SendWindow((_bytes, left) => lefts.push(left));
});

const send = (bytes: number): Promise<void> | undefined => window.send(Buffer.alloc(bytes));
const leave = (count: number): void => lefts.splice(0, count).forEach((left) => left());

/** Whether it has been resolved by now. */
async function isOver(promise: Promise<void> | undefined): Promise<boolean> {
  return Promise.race([
    Promise.resolve(promise).then(() => true),
    new Promise(setImmediate).then(() => false),
  ]);
}

test('there is room up to 64 KiB, and again when messages have left', async () => {
  expect(send(40 * KIBIBYTE)).toBeUndefined();
  const full = send(40 * KIBIBYTE);
  expect(await isOver(full)).toBe(false);
  leave(1);
  expect(await isOver(full)).toBe(true);
  expect(send(8 * KIBIBYTE)).toBeUndefined();
});

test('small messages are counted too', () => {
  for (let index = 1; index < 1_024; index++) expect(send(1)).toBeUndefined();
  expect(send(1)).toBeInstanceOf(Promise);
});

test('a message that goes alone is waited for, with those before it', async () => {
  void send(10);
  const gone = window.sendAlone(Buffer.alloc(10));
  leave(1);
  expect(await isOver(gone)).toBe(false);
  leave(1);
  expect(await isOver(gone)).toBe(true);
  expect(send(10)).toBeUndefined();
});

test('emptied when everything has left', async () => {
  expect(window.emptied()).toBeUndefined();
  void send(10);
  void send(10);
  const emptied = window.emptied();
  leave(1);
  expect(await isOver(emptied)).toBe(false);
  leave(1);
  expect(await isOver(emptied)).toBe(true);
});

test('closed, nobody waits any more', async () => {
  const full = send(64 * KIBIBYTE);
  window.close();
  expect(await isOver(full)).toBe(true);
});
