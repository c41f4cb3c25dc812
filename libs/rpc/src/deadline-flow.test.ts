import { expect, test } from '@jest/globals';
import type { CallKind } from '@millrace/contracts';
import { Code, Context, type Call, type Interceptor } from './index.ts';
import { createRig, rawCall, type RigOptions } from './testing.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const ECHO = '/millrace.test.v1.EchoService/Echo';
const never = new Promise<never>(() => undefined);

/** Handlers that never answer. */
const silent: NonNullable<RigOptions['handlers']> = {
  echo: () => never,
  collect: () => never,
  async *expand() {
    yield await never;
  },
  async *chat() {
    yield await never;
  },
};

/** Keeps the calls that come by. */
function keeping(): [Call[], Interceptor] {
  const calls: Call[] = [];
  const keep: Interceptor = (call, next) => {
    calls.push(call);
    return next(call);
  };
  return [calls, keep];
}

function isCancelled(call: Call | undefined): Promise<unknown> {
  return new Promise((resolve) => call?.onCancel(resolve));
}

test.each(KINDS)('%s: a deadline ends the call on both sides, in time', async (kind) => {
  const [calls, keep] = keeping();
  await using rig = await createRig({ handlers: silent, server: [keep] });
  await rig.call('unary', [], { timeoutMs: 1 }).catch(() => undefined);
  calls.length = 0;
  const startMs = performance.now();
  const failure = rig.call(kind, ['a'], { timeoutMs: 300 });
  await expect(failure).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'maybe' });
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThanOrEqual(300);
  expect(tookMs).toBeLessThan(400);
  await isCancelled(calls[0]);
  // Whichever was there first: the server's own alarm or the client that left.
  expect([Code.DEADLINE_EXCEEDED, Code.CANCELLED]).toContain(calls[0]?.cancelled?.code);
});

test('a server ends a call at its deadline although its client still waits', async () => {
  await using rig = await createRig({ handlers: silent });
  const { headers } = await rawCall({ address: rig.address, path: ECHO, headers: { 'grpc-timeout': '50m' } });
  expect(headers['grpc-status']).toBe(String(Code.DEADLINE_EXCEEDED));
});

test.each(KINDS)('%s: a call whose deadline has passed is not sent', async (kind) => {
  const [calls, keep] = keeping();
  await using rig = await createRig({ server: [keep] });
  const failure = rig.call(kind, ['a'], { timeoutMs: 0 });
  await expect(failure).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'never' });
  expect(calls).toEqual([]);
});

test('a call never outlives the deadline of its context', async () => {
  await using rig = await createRig({ handlers: silent });
  const context = new Context({ deadlineMs: performance.now() + 50 });
  const failure = rig.call('unary', ['a'], { context, timeoutMs: 60_000 });
  await expect(failure).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
});

test('what is left of a deadline travels on, over every hop', async () => {
  const leftMs: number[] = [];
  const measure: Interceptor = (call, next) => {
    leftMs.push(call.deadlineMs - performance.now());
    expect(call.context.deadlineMs).toBe(call.deadlineMs);
    return next(call);
  };
  await using backend = await createRig({ server: [measure] });
  await using rig = await createRig({
    server: [measure],
    handlers: { echo: ({ text }) => backend.client.echo({ text }).then(() => ({ text })) },
  });
  await rig.call('unary', ['a'], { timeoutMs: 5_000 });
  const [first = 0, second = 0] = leftMs;
  expect(first).toBeLessThanOrEqual(5_001);
  expect(second).toBeLessThanOrEqual(first);
  expect(second).toBeGreaterThan(3_000);
});

test('without a deadline there is none', async () => {
  const [calls, keep] = keeping();
  await using rig = await createRig({ server: [keep] });
  await rig.call('unary');
  expect(calls[0]?.deadlineMs).toBe(Infinity);
});

test.each([
  ['600H', 600 * 3_600_000],
  ['99999999H', 99_999_999 * 3_600_000],
  ['2M', 120_000],
  ['90S', 90_000],
  ['70000m', 70_000],
  ['99999999u', 99_999.999],
])('grpc-timeout %s is understood', async (timeout, timeoutMs) => {
  const [calls, keep] = keeping();
  await using rig = await createRig({ server: [keep] });
  const beforeMs = performance.now();
  const { headers } = await rawCall({
    address: rig.address,
    path: ECHO,
    headers: { 'grpc-timeout': timeout },
  });
  expect(headers['grpc-status']).toBe('0');
  const [call] = calls;
  const deadlineMs = call?.deadlineMs ?? NaN;
  expect(deadlineMs - timeoutMs).toBeGreaterThanOrEqual(beforeMs - 1);
  expect(deadlineMs - timeoutMs).toBeLessThanOrEqual(performance.now() + 1);
});

test.each(['-1S', '1', 'S', '1.5S', '123456789S', '1s', 'x', '1S, 2S', '1e3m', '٣S'])(
  'grpc-timeout %j is INVALID_ARGUMENT',
  async (timeout) => {
    let handled = 0;
    await using rig = await createRig({
      handlers: { echo: ({ text }) => Promise.resolve({ text: text + handled++ }) },
    });
    const header = Buffer.from(timeout).toString('latin1');
    const { headers } = await rawCall({
      address: rig.address,
      path: ECHO,
      headers: { 'grpc-timeout': header },
    });
    expect(headers['grpc-status']).toBe(String(Code.INVALID_ARGUMENT));
    expect(handled).toBe(0);
  },
);

test('grpc-timeout 0m is over at once', async () => {
  await using rig = await createRig({ handlers: silent });
  const { headers } = await rawCall({ address: rig.address, path: ECHO, headers: { 'grpc-timeout': '0m' } });
  expect(headers['grpc-status']).toBe(String(Code.DEADLINE_EXCEEDED));
});
