import { afterEach, expect, test } from '@jest/globals';
import { describeService } from '@millrace/contracts';
import type { CallKind, Method } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import {
  Call,
  Cancellation,
  compose,
  Context,
  createInvoker,
  NO_METADATA,
  timers,
  type Next,
} from '@millrace/rpc';
import { readAll, replyTo } from '../testing/answers.ts';
import { KINDS } from '../testing/test-call.ts';
import { clientStreamTimes } from '../streams/client-stream-times.ts';
import { serverStreamTimes } from '../streams/server-stream-times.ts';
import { clientDeadline } from './client-deadline.ts';
import { serverDeadline } from './server-deadline.ts';

const HOURS_MS = 36_000_000;
const { echo, collect, expand, chat, watch } = describeService(EchoService).methods;

/** A method that may take hours. */
function lasting(method: Method | undefined): Method {
  if (!method) throw new Error('the echo service has changed');
  return { ...method, policy: { ...method.policy, deadlineMs: HOURS_MS } };
}

const METHODS: Record<CallKind, Method> = {
  unary: lasting(echo),
  clientStream: lasting(collect),
  serverStream: lasting(expand),
  bidi: lasting(chat),
};

const servers: Cancellation[] = [];
afterEach(() => void servers.splice(0));

/** What stands in for the network: the call arrives at a server's chain. */
const served: Next = (call) => {
  const cancellation = new Cancellation();
  if (servers.length < 100) servers.push(cancellation);
  const context = new Context({ deadlineMs: call.deadlineMs }, cancellation);
  const chain = compose([serverDeadline({ maxMs: HOURS_MS }), serverStreamTimes()], async (one) => {
    if (one.requests) for await (const _ of one.requests);
    return replyTo(one, ['a', 'b']);
  });
  const { method, request, requests, metadata, deadlineMs, attempt } = call;
  const fields = { request, requests, metadata, deadlineMs, attempt, context };
  return chain(new Call({ side: 'server', method, cancellation }, fields));
};

const invoke = createInvoker({
  transport: { next: served },
  interceptors: [clientDeadline(), clientStreamTimes()],
});

async function* requests(): AsyncIterable<unknown> {
  yield { text: 'a' };
}

function make(kind: CallKind, context: Context): Promise<unknown> {
  const input = kind === 'clientStream' || kind === 'bidi' ? requests() : {};
  return readAll(invoke(METHODS[kind], input, { context, timeoutMs: HOURS_MS }));
}

test.each(KINDS)('10,000 %s calls with hours to go leave neither timer nor listener', async (kind) => {
  const parent = new Cancellation();
  const context = new Context({ deadlineMs: performance.now() + HOURS_MS }, parent);
  const before = timers.size;
  for (let count = 0; count < 100; count++) {
    await Promise.all(Array.from({ length: 100 }, () => make(kind, context)));
  }
  expect([timers.size - before, parent.listenerCount]).toEqual([0, 0]);
  expect(servers.map(({ listenerCount }) => listenerCount)).toEqual(servers.map(() => 0));
});

test('10,000 calls made for one long stream gather nothing while it lives', async () => {
  const stream = new Cancellation();
  const method = lasting(watch);
  const fields = {
    request: {},
    requests: undefined,
    metadata: NO_METADATA,
    deadlineMs: Infinity,
    attempt: 0,
  };
  const context = new Context({}, stream);
  const before = timers.size;
  const counts = new Set<string>();
  const chain = compose([serverDeadline(), serverStreamTimes()], async (call) => {
    async function* messages(): AsyncIterable<number> {
      for (let count = 0; count < 10_000; count++) {
        await make(KINDS[count % KINDS.length] as CallKind, call.context);
        counts.add(`${timers.size - before} ${stream.listenerCount}`);
        yield count;
      }
    }
    const trailers = Promise.resolve(NO_METADATA);
    return { kind: 'many', messages: messages(), headers: NO_METADATA, trailers };
  });
  const call = new Call({ side: 'server', method, cancellation: stream }, { ...fields, context });
  expect(await readAll(chain(call))).toHaveLength(10_000);
  // Its own timer and its own subscriptions, whatever came and went.
  expect([...counts]).toEqual(['1 2']);
  expect([timers.size - before, stream.listenerCount]).toEqual([0, 0]);
});
