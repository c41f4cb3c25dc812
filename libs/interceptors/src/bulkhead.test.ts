import { describe, expect, it, test } from '@jest/globals';
import type { BulkheadPolicy } from '@millrace/contracts';
import { Code, RpcError, type Next, type Reply } from '@millrace/rpc';
import fc from 'fast-check';
import { bulkhead } from './bulkhead.ts';
import { isRetryable } from './retry/is-retryable.ts';
import { answering, failureOf, hanging, readAll, replyTo } from './testing/answers.ts';
import { fakeMeter } from './testing/fake-meter.ts';
import { KINDS, testCall, type TestCallOptions } from './testing/test-call.ts';

const SMALL: BulkheadPolicy = { group: 'g', maxConcurrent: 2, maxQueued: 3 };

function rig(policy: Partial<BulkheadPolicy> = {}) {
  const { meter, observe } = fakeMeter();
  const interceptor = bulkhead({ meter });
  const begun: string[] = [];
  /** How calls that hold a place end, in the order they began. */
  const ends: ((error?: RpcError) => void)[] = [];
  const held: Next = (call) => {
    begun.push(call.method.path);
    return new Promise<Reply>((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve(replyTo(call, ['fine']))));
    });
  };
  const make = (options: TestCallOptions = {}) =>
    testCall({
      side: 'client',
      ...options,
      policy: { ...options.policy, bulkhead: { ...SMALL, ...options.policy?.bulkhead, ...policy } },
    });
  const send = (options: TestCallOptions = {}, next: Next = held) => {
    const reply = interceptor(make(options).call, next);
    reply.catch(() => undefined);
    return reply;
  };
  const figures = () =>
    Object.fromEntries(observe().map(({ name, value }) => [name.split('.').at(-1), value]));
  return { interceptor, begun, ends, make, send, figures, observe };
}

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the bulkhead', () => {
  test.each(KINDS)('lets a %s call through while there is room', async (kind) => {
    const { send, figures } = rig();
    expect(await readAll(send({ kind }, answering('fine')))).toEqual(['fine']);
    expect(figures()).toEqual({ active: 0, queued: 0 });
  });

  test.each(KINDS)('keeps a %s call waiting until another has ended', async (kind) => {
    const { send, begun, ends, figures } = rig();
    for (let count = 0; count < 2; count++) void send();
    const third = send({ kind }, answering('fine'));
    await soon();
    expect(begun).toHaveLength(2);
    expect(figures()).toEqual({ active: 2, queued: 1 });
    ends[0]?.();
    expect(await readAll(third)).toEqual(['fine']);
    expect(figures()).toEqual({ active: 1, queued: 0 });
  });

  test.each(KINDS)('refuses a %s call when the queue is full, and says when to come back', async (kind) => {
    const { send } = rig();
    for (let count = 0; count < 5; count++) void send();
    const error = (await failureOf(send({ kind }))) as RpcError;
    expect(error).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, reason: 'BULKHEAD_FULL', sent: 'never' });
    expect(error.retryDelayMs).toBeGreaterThan(0);
    expect(isRetryable(testCall({ side: 'client', policy: { idempotency: 'unknown' } }).call, error)).toBe(
      true,
    );
  });

  it('keeps groups apart: a slow one takes nothing from another', async () => {
    const { send, interceptor } = rig();
    for (let count = 0; count < 5; count++) void send();
    const other = testCall({ side: 'client', policy: { bulkhead: { ...SMALL, group: 'other' } } });
    expect(await readAll(interceptor(other.call, answering('fine')))).toEqual(['fine']);
  });

  it('never lets a sheddable call wait', async () => {
    const { send } = rig();
    void send({ policy: { criticality: 'sheddable' } });
    void send({ policy: { criticality: 'sheddable' } });
    expect(await failureOf(send({ policy: { criticality: 'sheddable' } }))).toMatchObject({
      reason: 'BULKHEAD_FULL',
    });
    expect(await failureOf(send({ context: { criticality: 'sheddable' } }))).toMatchObject({
      reason: 'BULKHEAD_FULL',
    });
  });

  it('goes by what the request is worth that the call is made for', async () => {
    const { send, figures } = rig();
    void send();
    void send();
    void send({ policy: { criticality: 'sheddable' }, context: { criticality: 'critical' } });
    expect(figures()).toEqual({ active: 2, queued: 1 });
  });

  test.each(KINDS)('a %s call that is cancelled leaves the queue at once', async (kind) => {
    const { make, interceptor, send, ends, figures, begun } = rig();
    void send();
    void send();
    const { call, cancellation } = make({ kind });
    const waiting = failureOf(interceptor(call, hanging));
    cancellation.cancel(new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline has passed'));
    expect(await waiting).toMatchObject({ code: Code.DEADLINE_EXCEEDED, sent: 'never' });
    expect(figures()).toEqual({ active: 2, queued: 0 });
    expect(cancellation.listenerCount).toBe(0);
    ends[0]?.();
    await soon();
    expect(begun).toHaveLength(2);
    expect(figures()).toEqual({ active: 1, queued: 0 });
  });

  test.each(KINDS)('a %s call that fails gives its place back', async (kind) => {
    const { send, figures } = rig();
    const down = new RpcError(Code.UNAVAILABLE, 'down');
    for (let count = 0; count < 10; count++) {
      expect(await failureOf(send({ kind }, () => Promise.reject(down)))).toBe(down);
    }
    expect(figures()).toEqual({ active: 0, queued: 0 });
  });

  test.each(['serverStream', 'bidi'] as const)('a %s call holds its place until it is over', async (kind) => {
    const { send, figures } = rig();
    const read = await send({ kind }, answering('a', 'b'));
    const left = await send({ kind }, answering('a', 'b'));
    expect(figures()).toMatchObject({ active: 2 });
    await readAll(read);
    expect(figures()).toMatchObject({ active: 1 });
    if (left.kind === 'many') for await (const _message of left.messages) break;
    expect(figures()).toMatchObject({ active: 0 });
  });

  test.each(['serverStream', 'bidi'] as const)('a %s call that breaks gives its place back', async (kind) => {
    const { send, figures } = rig();
    const down = new RpcError(Code.UNAVAILABLE, 'down');
    await failureOf(readAll(send({ kind }, async (call) => replyTo(call, ['a'], down))));
    expect(figures()).toMatchObject({ active: 0 });
  });

  it('a long-lived stream holds a place only until it is open', async () => {
    const { send, figures } = rig();
    for (let count = 0; count < 10; count++) {
      await send({ kind: 'serverStream', policy: { longLived: true } }, hanging);
    }
    expect(figures()).toEqual({ active: 0, queued: 0 });
  });

  it('shows what is under way and what waits, for each group', () => {
    const { send, observe } = rig({ group: '/shop.order.v1.OrderService/GetOrder' });
    for (let count = 0; count < 3; count++) void send();
    const attributes = { group: 'shop.order.v1.OrderService/GetOrder' };
    expect(observe()).toEqual([
      { name: 'millrace.client.bulkhead.active', value: 2, attributes },
      { name: 'millrace.client.bulkhead.queued', value: 1, attributes },
    ]);
  });

  it('never has more under way than its policy says, serves in order and loses none, whatever happens', async () => {
    const acts = fc.array(fc.constantFrom('send', 'send', 'end', 'fail', 'cancel'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(acts, async (script) => {
        const { make, interceptor, figures } = rig();
        const running: { end: () => void; fail: () => void }[] = [];
        const waiting: (() => void)[] = [];
        let [sent, settled] = [0, 0];
        for (const act of script) {
          if (act === 'send') {
            const { call, cancellation } = make();
            const next: Next = (one) =>
              new Promise((resolve, reject) => {
                const end = () => resolve(replyTo(one, ['fine']));
                running.push({ end, fail: () => reject(new Error('no')) });
              });
            waiting.push(() => cancellation.cancel(new RpcError(Code.CANCELLED, 'left')));
            sent++;
            const count = () => void settled++;
            interceptor(call, next).then(count, count);
          } else if (act === 'cancel') waiting.pop()?.();
          else if (act === 'end') running.shift()?.end();
          else running.shift()?.fail();
          await soon();
          const { active = 0, queued = 0 } = figures();
          expect(active).toBeLessThanOrEqual(SMALL.maxConcurrent);
          expect(queued).toBeLessThanOrEqual(SMALL.maxQueued);
          expect(queued === 0 || active === SMALL.maxConcurrent).toBe(true);
          expect(sent - settled).toBe(active + queued);
        }
      }),
      { numRuns: 50 },
    );
  });
});
