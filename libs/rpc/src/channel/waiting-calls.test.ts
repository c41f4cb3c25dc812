import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { describeService } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Call } from '../call.ts';
import { Cancellation } from '../cancellation.ts';
import { Context, NO_METADATA, timers } from '../index.ts';
import { CarriedCall } from './carried-call.ts';
import { WaitingCalls } from './waiting-calls.ts';

const { echo } = describeService(EchoService).methods;

function createCalls(count: number): CarriedCall[] {
  return Array.from({ length: count }, () => {
    const fields = {
      request: {},
      requests: undefined,
      metadata: NO_METADATA,
      deadlineMs: Infinity,
      attempt: 0,
      context: new Context(),
    };
    const origin = { side: 'client' as const, method: echo!, cancellation: new Cancellation() };
    return new CarriedCall(new Call(origin, fields), { abandon: () => undefined }, undefined);
  });
}

afterEach(() => expect(timers.size).toBe(0));

test('they leave in the order in which they came', () => {
  const all = createCalls(3);
  const waiting = new WaitingCalls(100, () => undefined);
  for (const one of all) waiting.add(one);
  expect(waiting.size).toBe(3);
  expect([waiting.shift(), waiting.shift(), waiting.shift(), waiting.shift()]).toEqual([...all, undefined]);
});

test('each is given up when it has waited too long, and no sooner', async () => {
  const all = createCalls(20);
  const given: [CarriedCall, number][] = [];
  const done = Promise.withResolvers<void>();
  const waiting = new WaitingCalls(30, (late) => {
    given.push([late, performance.now() - late.sinceMs]);
    if (given.length === all.length) done.resolve();
  });
  for (const one of all) {
    waiting.add(one);
    await delay(3);
  }
  await done.promise;
  expect(given.map(([late]) => late)).toEqual(all);
  for (const [, waitedMs] of given) expect(waitedMs).toBeGreaterThanOrEqual(30);
});

test('no timer is left where nothing waits', () => {
  const all = createCalls(4);
  const waiting = new WaitingCalls(100, () => undefined);
  for (const one of all) waiting.add(one);
  expect(timers.size).toBe(1);
  waiting.shift();
  waiting.delete(all[1] as CarriedCall);
  expect(timers.size).toBe(1);
  waiting.shift();
  waiting.shift();
  expect(timers.size).toBe(0);
  waiting.add(all[0] as CarriedCall);
  waiting.delete(all[0] as CarriedCall);
  expect(timers.size).toBe(0);
  for (const one of all) waiting.add(one);
  expect(waiting.clear()).toEqual(all);
  expect(timers.size).toBe(0);
});
