import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { CallKind, StreamPolicy } from '@millrace/contracts';
import { Code, createMetadata, NO_METADATA, type Call, type Next } from '@millrace/rpc';
import { failureOf, readAll } from '../testing/answers.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { createFeed } from '../testing/feed.ts';
import { testCall } from '../testing/test-call.ts';
import { clientStreamTimes } from './client-stream-times.ts';
import { createHeartbeat } from './heartbeat.ts';

const STREAMS = ['serverStream', 'bidi'] as const;
const TIMES: StreamPolicy = { firstMessageMs: 500, idleMs: 1_000, maxAgeMs: Infinity, heartbeatMs: 100 };

/** A call whose answers the test feeds. */
function start(kind: CallKind, options: { longLived?: boolean; everyMs?: number; stream?: object } = {}) {
  const { longLived = false, everyMs, stream = {} } = options;
  const clock = new FakeClock();
  const feed = createFeed();
  const requests = createFeed();
  const sent: Call[] = [];
  const next: Next = async (call) => {
    sent.push(call);
    return {
      kind: 'many',
      messages: feed.messages,
      headers:
        everyMs === undefined ? NO_METADATA : createMetadata({ 'millrace-heartbeat': String(everyMs) }),
      trailers: Promise.resolve(NO_METADATA),
    };
  };
  const policy = { longLived, stream: { ...TIMES, ...stream } };
  const { call, cancellation } = testCall({ side: 'client', kind, policy });
  const own = kind === 'bidi' ? call.with({ requests: requests.messages }) : call;
  const reply = clientStreamTimes({ clock })(own, next);
  return { clock, feed, requests, sent, reply, call, cancellation };
}

const heartbeat = () => createHeartbeat(testCall().call.method.response.descriptor);

async function iterate(reply: ReturnType<typeof start>['reply']): Promise<AsyncIterator<unknown>> {
  const settled = await reply;
  if (settled.kind === 'one') throw new Error('a stream was expected');
  return settled.messages[Symbol.asyncIterator]();
}

test.each(STREAMS)('a %s whose first message is late breaks, and its server is left', async (kind) => {
  const { clock, feed, reply } = start(kind);
  const read = failureOf(readAll(reply));
  await setImmediate();
  clock.advance(499);
  expect(clock.running).toBe(1);
  clock.advance(1);
  expect(await read).toMatchObject({ code: Code.DEADLINE_EXCEEDED, reason: 'FIRST_MESSAGE_LATE' });
  await feed.left;
  expect(clock.running).toBe(0);
});

test.each(STREAMS)(
  'a %s that is not even opened in time for its first message is cancelled',
  async (kind) => {
    const clock = new FakeClock();
    const { call } = testCall({ side: 'client', kind, policy: { stream: TIMES } });
    const hanging: Next = (one) => new Promise((_resolve, reject) => void one.onCancel(reject));
    const failure = failureOf(clientStreamTimes({ clock })(call, hanging));
    clock.advance(500);
    expect(await failure).toMatchObject({ reason: 'FIRST_MESSAGE_LATE' });
    expect(clock.running).toBe(0);
  },
);

test('a server stream that goes silent breaks, so that its reader can open another', async () => {
  const { clock, feed, reply } = start('serverStream');
  const messages = await iterate(reply);
  feed.push('a');
  expect((await messages.next()).value).toBe('a');
  clock.advance(900);
  feed.push('b');
  expect((await messages.next()).value).toBe('b');
  const waiting = failureOf(messages.next());
  clock.advance(999);
  expect(clock.running).toBe(1);
  clock.advance(1);
  expect(await waiting).toMatchObject({ code: Code.UNAVAILABLE, reason: 'STREAM_SILENT' });
  await feed.left;
  expect(clock.running).toBe(0);
});

test('the time in which nobody reads is no silence', async () => {
  const { clock, feed, reply } = start('serverStream');
  const messages = await iterate(reply);
  feed.push('a');
  await messages.next();
  clock.advance(60_000);
  const waiting = messages.next();
  clock.advance(999);
  feed.push('b');
  expect((await waiting).value).toBe('b');
});

test('a first message that was late while nobody waited is missed when somebody does', async () => {
  const { clock, reply } = start('serverStream', { stream: { idleMs: Infinity } });
  const messages = await iterate(reply);
  clock.advance(600);
  const waiting = failureOf(messages.next());
  clock.advance(500);
  expect(await waiting).toMatchObject({ reason: 'FIRST_MESSAGE_LATE' });
});

test('a bidi stream is silent only while a request has no answer', async () => {
  const { clock, feed, requests, sent, reply } = start('bidi');
  const messages = await iterate(reply);
  const outgoing = sent[0]?.requests?.[Symbol.asyncIterator]();
  requests.push('question');
  await outgoing?.next();
  feed.push('answer');
  expect((await messages.next()).value).toBe('answer');
  const waiting = failureOf(messages.next());
  clock.advance(60_000);
  requests.push('another');
  await outgoing?.next();
  clock.advance(1_000);
  expect(await waiting).toMatchObject({ reason: 'STREAM_SILENT' });
});

test.each(STREAMS)(
  'a long-lived %s asks for heartbeats; nobody sees them, and three may be missed',
  async (kind) => {
    const { clock, feed, sent, reply } = start(kind, {
      longLived: true,
      everyMs: 100,
      stream: { firstMessageMs: Infinity },
    });
    const messages = await iterate(reply);
    expect(sent[0]?.metadata.get('millrace-heartbeat')).toBe('1');
    let waiting: Promise<unknown> = messages.next();
    for (let count = 0; count < 50; count++) {
      clock.advance(299);
      feed.push(heartbeat());
    }
    feed.push('news');
    expect(await waiting).toEqual({ done: false, value: 'news' });
    feed.push(heartbeat());
    feed.push('more');
    expect((await messages.next()).value).toBe('more');
    waiting = failureOf(messages.next());
    clock.advance(300);
    expect(await waiting).toMatchObject({ code: Code.UNAVAILABLE, reason: 'STREAM_SILENT' });
    expect(clock.running).toBe(0);
  },
);

test('other calls ask for no heartbeats, and what only looks like one is a message', async () => {
  const { feed, sent, reply } = start('serverStream');
  feed.push(heartbeat());
  feed.end();
  expect(await readAll(reply)).toHaveLength(1);
  expect(sent[0]?.metadata.get('millrace-heartbeat')).toBeUndefined();
});

test.each(['unary', 'clientStream'] as const)('a %s call passes untouched', (kind) => {
  const clock = new FakeClock();
  const { call } = testCall({ side: 'client', kind, policy: { longLived: true, stream: TIMES } });
  const answer = new Promise<never>(() => undefined);
  const reply = clientStreamTimes({ clock })(call, (sent) => {
    expect(sent).toBe(call);
    return answer;
  });
  expect(reply).toBe(answer);
  expect(clock.running).toBe(0);
});

test('a stream whose deadline comes first is not watched', async () => {
  const clock = new FakeClock();
  const { call } = testCall({
    kind: 'serverStream',
    policy: { stream: TIMES },
    deadlineMs: clock.now() + 500,
  });
  void clientStreamTimes({ clock })(call, () => new Promise(() => undefined));
  expect(clock.running).toBe(0);
});

test.each(STREAMS)('a %s that ends, well or not, or is left, leaves nothing behind', async (kind) => {
  for (const end of ['well', 'badly', 'left'] as const) {
    const { clock, feed, reply, cancellation } = start(kind);
    const messages = await iterate(reply);
    feed.push('a');
    await messages.next();
    expect(clock.running).toBe(1);
    if (end === 'left') await messages.return?.();
    else {
      feed.end(end === 'badly' ? new Error('torn') : undefined);
      await messages.next().catch(() => undefined);
    }
    expect([clock.running, cancellation.listenerCount]).toEqual([0, 0]);
  }
});
