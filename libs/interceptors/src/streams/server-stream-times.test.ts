import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { CallKind, StreamPolicy } from '@millrace/contracts';
import { Code, NO_METADATA, RpcError, type Call, type Reply } from '@millrace/rpc';
import { failureOf } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { createFeed } from '../testing/feed.ts';
import { KINDS, testCall } from '../testing/test-call.ts';
import { isHeartbeat } from './heartbeat.ts';
import { serverStreamTimes } from './server-stream-times.ts';

const TIMES: StreamPolicy = { firstMessageMs: Infinity, idleMs: 1_000, maxAgeMs: 10_000, heartbeatMs: 100 };
const IDLE = { code: Code.DEADLINE_EXCEEDED, reason: 'STREAM_IDLE' };
const SLOW = { code: Code.RESOURCE_EXHAUSTED, reason: 'SLOW_READER' };
const OLD = { code: Code.UNAVAILABLE, reason: 'MAX_AGE', retryDelayMs: 0 };

/** A served call: the test is its client, by `requests` and `read`, and its handler, by `take` and `answers`. */
function serve(kind: CallKind, options: { longLived?: boolean; asks?: boolean; random?: number } = {}) {
  const { longLived = false, asks = false, random = 0.5 } = options;
  const clock = new FakeClock();
  const requests = createFeed();
  const answers = createFeed();
  const { call, cancellation } = testCall({
    kind,
    policy: { longLived, stream: TIMES },
    metadata: { 'millrace-heartbeat': asks ? '1' : undefined },
  });
  const own = call.requests ? call.with({ requests: requests.messages }) : call;
  let taking: AsyncIterator<unknown> | undefined;
  const reply = serverStreamTimes({ clock, random: () => random })(
    own,
    async (served: Call): Promise<Reply> => {
      taking = served.requests?.[Symbol.asyncIterator]();
      if (kind === 'clientStream') return new Promise((_resolve, reject) => void served.onCancel(reject));
      const trailers = Promise.resolve(NO_METADATA);
      return { kind: 'many', messages: answers.messages, headers: NO_METADATA, trailers };
    },
  );
  // As the transport does it.
  call.onCancel((why) => answers.messages.fail(why));
  const stream = reply.then((one) =>
    one.kind === 'many' ? one.messages[Symbol.asyncIterator]() : undefined,
  );
  stream.catch(() => undefined);
  const read = async () => (await stream)?.next() as Promise<IteratorResult<unknown>>;
  const take = () => taking?.next() as Promise<IteratorResult<unknown>>;
  return { clock, requests, answers, call, cancellation, reply, read, take };
}

test('a client stream whose client sends nothing for long ends', async () => {
  const { clock, requests, call, take } = serve('clientStream');
  requests.push('a');
  await take();
  clock.advance(5_000);
  void take();
  clock.advance(999);
  requests.push('b');
  void take();
  clock.advance(999);
  expect(call.cancelled).toBeUndefined();
  clock.advance(1);
  expect(call.cancelled).toMatchObject(IDLE);
  expect(clock.running).toBe(0);
});

test('a bidi stream is not idle while a request has no answer', async () => {
  const { clock, requests, answers, call, read, take } = serve('bidi');
  requests.push('a');
  await take();
  void take();
  const reading = read();
  await setImmediate();
  clock.advance(60_000);
  expect(call.cancelled).toBeUndefined();
  answers.push('answer');
  expect((await reading).value).toBe('answer');
  const waiting = failureOf(read());
  await setImmediate();
  clock.advance(1_000);
  expect(call.cancelled).toMatchObject(IDLE);
  expect(await waiting).toBe(call.cancelled);
});

test.each(['clientStream', 'bidi'] as const)(
  'a %s whose client has sent its last is not idle',
  async (kind) => {
    const { clock, requests, call, read, take } = serve(kind);
    requests.end();
    expect(await take()).toMatchObject({ done: true });
    if (kind === 'bidi') void failureOf(read());
    await setImmediate();
    clock.advance(60_000);
    expect(call.cancelled).toBeUndefined();
  },
);

test.each(['serverStream', 'bidi'] as const)(
  'a %s whose reader takes nothing for long is cut',
  async (kind) => {
    const { clock, answers, call, read } = serve(kind);
    answers.push('a');
    await read();
    clock.advance(999);
    answers.push('b');
    expect((await read()).value).toBe('b');
    clock.advance(999);
    expect(call.cancelled).toBeUndefined();
    clock.advance(1);
    expect(call.cancelled).toMatchObject(SLOW);
    expect(clock.running).toBe(0);
  },
);

test('a reader that waits is not slow', async () => {
  const { clock, call, read } = serve('serverStream');
  void failureOf(read());
  await setImmediate();
  clock.advance(60_000);
  expect(call.cancelled).toBeUndefined();
});

test.each([
  [0, 9_000],
  [0.5, 10_000],
  [1, 11_000],
])('a long-lived server stream of jitter %s ends after %s ms', async (random, ageMs) => {
  const { clock, call, read } = serve('serverStream', { longLived: true, random });
  const waiting = failureOf(read());
  await setImmediate();
  clock.advance(ageMs - 1);
  expect(call.cancelled).toBeUndefined();
  clock.advance(1);
  expect(await waiting).toMatchObject(OLD);
  expect(clock.running).toBe(0);
});

test('an old client stream ends: half of it must not pass for all', async () => {
  const { clock, requests, reply, take } = serve('clientStream', { longLived: true });
  const failure = failureOf(reply);
  for (let count = 0; count < 20; count++) {
    requests.push(count);
    await take();
    clock.advance(500);
  }
  expect(await failure).toMatchObject(OLD);
  expect(clock.running).toBe(0);
});

test('an old bidi stream takes no more requests, and ends after the answers that are under way', async () => {
  const { clock, requests, answers, call, read, take } = serve('bidi', { longLived: true });
  requests.push('a');
  await take();
  const last = take();
  const reading = read();
  await setImmediate();
  clock.advance(10_000);
  expect(await last).toEqual({ done: true, value: undefined });
  requests.push('b');
  answers.push('answer to a');
  answers.end();
  expect((await reading).value).toBe('answer to a');
  expect(await failureOf(read())).toMatchObject(OLD);
  expect([call.cancelled, clock.running]).toEqual([undefined, 0]);
});

test('an old bidi stream whose handler does not come to an end is ended', async () => {
  const { clock, requests, call, read, take } = serve('bidi', { longLived: true });
  requests.push('a');
  await take();
  void take();
  const waiting = failureOf(read());
  await setImmediate();
  clock.advance(10_999);
  expect(call.cancelled).toBeUndefined();
  clock.advance(1);
  expect(await waiting).toMatchObject(OLD);
});

test('an old bidi stream whose client has sent its last ends well', async () => {
  const { clock, requests, answers, call, read, take } = serve('bidi', { longLived: true });
  requests.end();
  await take();
  const reading = read();
  await setImmediate();
  clock.advance(60_000);
  answers.end();
  expect(await reading).toMatchObject({ done: true });
  expect(call.cancelled).toBeUndefined();
});

test('who asked gets a heartbeat whenever there is no news for long', async () => {
  const { clock, answers, reply, read } = serve('serverStream', { longLived: true, asks: true });
  expect((await reply).headers.get('millrace-heartbeat')).toBe('100');
  let reading = read();
  await setImmediate();
  clock.advance(99);
  answers.push('news');
  expect((await reading).value).toBe('news');
  for (let count = 0; count < 3; count++) {
    reading = read();
    await setImmediate();
    clock.advance(100);
    expect(isHeartbeat((await reading).value)).toBe(true);
  }
  answers.push('more');
  expect((await read()).value).toBe('more');
});

test.each([
  ['did not ask', { longLived: true, asks: false }],
  ['asks on a stream with an end of its own', { longLived: false, asks: true }],
])('who %s gets none', async (_who, options) => {
  const { clock, answers, reply, read } = serve('serverStream', options);
  expect((await reply).headers.get('millrace-heartbeat')).toBeUndefined();
  const reading = read();
  await setImmediate();
  clock.advance(5_000);
  answers.push('news');
  expect((await reading).value).toBe('news');
});

test('a stream is watched by one timer at most, which goes with it', async () => {
  for (const kind of KINDS.filter((one) => one !== 'unary')) {
    const { clock, requests, answers, cancellation, reply, read, take } = serve(kind, { longLived: true });
    for (let count = 0; count < 100; count++) {
      requests.push(count);
      answers.push(count);
      if (kind !== 'serverStream') await take();
      if (kind !== 'clientStream') await read();
      expect(clock.running).toBe(1);
    }
    answers.end();
    if (kind === 'clientStream') {
      cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
      await failureOf(reply);
    } else await read();
    expect(clock.running).toBe(0);
  }
});

test('a handler that does not care that its call was ended holds no timer', () => {
  const clock = new FakeClock();
  const { call, cancellation } = testCall({
    kind: 'clientStream',
    policy: { longLived: true, stream: TIMES },
  });
  void serverStreamTimes({ clock })(call, () => new Promise(() => undefined));
  expect(clock.running).toBe(1);
  cancellation.cancel(new RpcError(Code.CANCELLED, 'left'));
  expect([clock.running, cancellation.listenerCount]).toEqual([0, 0]);
});

test('a unary call passes untouched, and a stream whose deadline comes first is not watched', () => {
  const clock = new FakeClock();
  const answer = new Promise<never>(() => undefined);
  const times = serverStreamTimes({ clock });
  const { call } = testCall({ policy: { longLived: true, stream: TIMES } });
  expect(times(call, (served) => (expect(served).toBe(call), answer))).toBe(answer);
  for (const kind of KINDS) {
    const short = testCall({ kind, policy: { stream: TIMES }, deadlineMs: clock.now() + 1_000 });
    expect(times(short.call, () => answer)).toBe(answer);
  }
  expect(clock.running).toBe(0);
});
