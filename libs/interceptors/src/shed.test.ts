import { describe, expect, it, test } from '@jest/globals';
import type { Criticality } from '@millrace/contracts';
import { Code, RpcError, type Next, type Reply } from '@millrace/rpc';
import { answering, failureOf, readAll, replyTo } from './testing/answers.ts';
import { shedRig } from './testing/shed-rig.ts';
import { KINDS, testCall } from './testing/test-call.ts';

/** A next that answers when it is told to. */
function held() {
  const answers: (() => void)[] = [];
  const next: Next = (call) =>
    new Promise<Reply>((resolve) => void answers.push(() => resolve(replyTo(call, ['fine']))));
  return { next, answers };
}

/** What has become of a promise by now. */
async function stateOf(promise: Promise<unknown>): Promise<'open' | 'done' | RpcError> {
  return Promise.race([
    promise.then(
      () => 'done' as const,
      (error: unknown) => error as RpcError,
    ),
    new Promise<'open'>((resolve) => setImmediate(() => resolve('open'))),
  ]);
}

describe('shed, while there is nothing to shed', () => {
  test.each(KINDS)('begins a %s call at once', async (kind) => {
    const { send, begun } = shedRig();
    const reply = send({ kind });
    expect(begun).toHaveLength(1);
    expect(await readAll(reply)).toEqual(['fine']);
  });

  it('leaves nothing behind', async () => {
    const { send, loop, observe } = shedRig();
    await send({});
    await loop.turn();
    expect(loop.isScheduled).toBe(false);
    expect(observe()).toEqual([
      { name: 'millrace.server.limit', value: 20, attributes: { server: 'server' } },
    ]);
  });

  test.each(['serverStream', 'bidi', 'clientStream'] as const)(
    'counts no %s call in flight',
    async (kind) => {
      const { send, begun } = shedRig();
      for (let count = 0; count < 100; count++) void send({ kind }, held().next);
      expect(begun).toHaveLength(100);
    },
  );
});

describe('shed, while the loop is busy', () => {
  test.each(KINDS)('lets a %s call wait until the input has been gone through', async (kind) => {
    const { send, begun, loop, busy } = shedRig();
    await send({}, busy(2));
    const waiting = send({ kind });
    expect(await stateOf(waiting)).toBe('open');
    expect(begun).toHaveLength(1);
    await loop.turn();
    expect(await readAll(waiting)).toEqual(['fine']);
  });

  it('serves what waits in slices, with a look for input between them', async () => {
    const { of, begun, loop, busy } = shedRig();
    for (let count = 0; count < 8; count++) void of('default', busy(1));
    expect(begun).toHaveLength(2);
    await loop.turn();
    expect(begun).toHaveLength(4);
    await loop.turn();
    expect(begun).toHaveLength(6);
  });

  it('refuses nobody because the process stood still', async () => {
    const { of, begun, loop, busy } = shedRig();
    await of('default', busy(2));
    const waiting = of('default');
    loop.advance(5_000);
    const later = of('sheddable');
    expect(await stateOf(later)).toBe('open');
    await loop.turn();
    expect(await readAll(waiting)).toEqual(['fine']);
    expect(await readAll(later)).toEqual(['fine']);
    expect(begun).toHaveLength(3);
  });

  it('serves critical calls before others', async () => {
    const { of, begun, loop, busy } = shedRig();
    await of('default', busy(2));
    void of('default', busy(2));
    void of('critical', busy(2));
    void of('essential', busy(2));
    for (let turn = 0; turn < 3; turn++) await loop.turn();
    const order = begun.map(({ method }) => method.policy.criticality);
    expect(order).toEqual(['default', 'critical', 'essential', 'default']);
  });

  it('keeps the order of those that matter as much, sheddable ones among them', async () => {
    const { of, begun, loop, busy } = shedRig();
    await of('default', busy(2));
    void of('sheddable', busy(2));
    void of('default', busy(2));
    for (let turn = 0; turn < 2; turn++) await loop.turn();
    expect(begun.map(({ method }) => method.policy.criticality)).toEqual(['default', 'sheddable', 'default']);
  });

  test.each<[Criticality, number]>([
    ['sheddable', 25],
    ['default', 100],
    ['critical', 1_000],
    ['essential', 10_000],
  ])(
    'refuses a %s call when the first in its queue has waited for %d ms',
    async (criticality, patienceMs) => {
      const { of, loop } = shedRig({ minimum: 1, initial: 1 });
      for (let count = 0; count < 3; count++) void of(criticality, held().next);
      loop.advance(patienceMs - 1);
      expect(await stateOf(of(criticality))).toBe('open');
      loop.advance(1);
      expect(await failureOf(of(criticality))).toMatchObject({ reason: 'OVERLOADED' });
    },
  );

  it('refuses at once who would wait too long, going by how fast the others got their places', async () => {
    const { of, loop, busy } = shedRig();
    const outcomes = { served: 0, refused: 0 };
    const send = () =>
      void of('default', busy(2)).then(
        () => outcomes.served++,
        () => outcomes.refused++,
      );
    send();
    for (let round = 0; round < 300; round++) {
      for (let count = 0; count < 3; count++) send();
      await loop.turn();
    }
    // One of three is served in the long run, and some fifty wait for two milliseconds each.
    const waiting = 901 - outcomes.served - outcomes.refused;
    expect(outcomes.served).toBeGreaterThanOrEqual(300);
    expect(waiting).toBeGreaterThan(35);
    expect(waiting).toBeLessThan(65);
  });

  it('refuses who would be out of time when its turn comes', async () => {
    const { send, of, loop } = shedRig({ minimum: 1, initial: 1 });
    for (let count = 0; count < 2; count++) void of('default', held().next);
    loop.advance(20);
    expect(await stateOf(send({ deadlineMs: loop.now() + 30 }))).toBe('open');
    expect(await failureOf(send({ deadlineMs: loop.now() + 10 }))).toMatchObject({ reason: 'OVERLOADED' });
  });

  test.each(KINDS)('never begins a %s call that was cancelled while it waited', async (kind) => {
    const { interceptor, of, loop, busy } = shedRig();
    await of('default', busy(2));
    const next = answering('fine');
    const { call, cancellation } = testCall({ kind });
    const waiting = failureOf(interceptor(call, next));
    const why = new RpcError(Code.DEADLINE_EXCEEDED, 'the deadline passed');
    cancellation.cancel(why);
    expect(await waiting).toMatchObject({ code: why.code, sent: 'refused' });
    await loop.turn();
    expect(next.calls).toHaveLength(0);
    expect(cancellation.listenerCount).toBe(0);
  });

  it('does not listen any more to a call that has begun', async () => {
    const { interceptor, of, loop, busy } = shedRig();
    await of('default', busy(2));
    const { call, cancellation } = testCall();
    const waiting = interceptor(call, answering('fine'));
    await loop.turn();
    await waiting;
    expect(cancellation.listenerCount).toBe(0);
  });
});

describe('shed, while too many calls are in flight', () => {
  it('lets the next wait until one has ended', async () => {
    const { of, begun, loop } = shedRig({ initial: 10 });
    const { next, answers } = held();
    for (let count = 0; count < 11; count++) void of('default', next);
    await loop.turn();
    expect(begun).toHaveLength(10);
    answers[0]?.();
    await Promise.resolve();
    await loop.turn();
    await loop.turn();
    expect(begun).toHaveLength(11);
  });

  it('lets critical calls in while there are fewer than twice as many', async () => {
    const { of, begun, loop } = shedRig({ initial: 10 });
    for (let count = 0; count < 15; count++) void of('default', held().next);
    for (let count = 0; count < 15; count++) void of('critical', held().next);
    await loop.turn();
    expect(begun.filter(({ method }) => method.policy.criticality === 'critical')).toHaveLength(10);
  });

  test.each([Code.INTERNAL, Code.DEADLINE_EXCEEDED])(
    'a call that fails with %d gives its place back',
    async (code) => {
      const { of, begun, loop } = shedRig({ initial: 8 });
      for (let count = 0; count < 50; count++) {
        await failureOf(of('default', () => Promise.reject(new RpcError(code, 'no'))));
        await loop.turn();
      }
      expect(begun).toHaveLength(50);
    },
  );
});
