import { expect, test } from '@jest/globals';
import { Cancellation } from './cancellation.ts';
import { Code, RpcError } from './status.ts';

const FIRST = new RpcError(Code.CANCELLED, 'first');
const SECOND = new RpcError(Code.ABORTED, 'second');

test('the first reason stays, and is told once', () => {
  const cancellation = new Cancellation();
  const seen: RpcError[] = [];
  cancellation.onCancel((why) => seen.push(why));
  cancellation.cancel(FIRST);
  cancellation.cancel(SECOND);
  expect([cancellation.why, ...seen]).toEqual([FIRST, FIRST]);
});

test('who comes late is told at once', () => {
  const cancellation = new Cancellation();
  cancellation.cancel(FIRST);
  const seen: RpcError[] = [];
  cancellation.onCancel((why) => seen.push(why))();
  expect(seen).toEqual([FIRST]);
});

test('a subscription that was taken back hears nothing', () => {
  const cancellation = new Cancellation();
  const seen: RpcError[] = [];
  const undo = cancellation.onCancel((why) => seen.push(why));
  expect(cancellation.listenerCount).toBe(1);
  undo();
  expect(cancellation.listenerCount).toBe(0);
  cancellation.cancel(FIRST);
  expect(seen).toEqual([]);
});

test.each(['before', 'after'])('a signal read %s the end carries the reason', (when) => {
  const cancellation = new Cancellation();
  const early = when === 'before' ? cancellation.signal : undefined;
  cancellation.cancel(FIRST);
  expect(cancellation.signal.reason).toBe(FIRST);
  expect(early?.aborted ?? true).toBe(true);
});

test('a listener may subscribe and cancel while it is told', () => {
  const cancellation = new Cancellation();
  const seen: string[] = [];
  cancellation.onCancel(() => {
    cancellation.cancel(SECOND);
    cancellation.onCancel((why) => seen.push(why.message));
  });
  cancellation.cancel(FIRST);
  expect(seen).toEqual(['first']);
});
