import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import {
  Cancellation,
  Code,
  Context,
  RpcError,
  runInContext,
  timers,
  type Call,
  type Interceptor,
} from '../index.ts';
import type { RigOptions } from '../testing.ts';
import { createRigFor, WAYS, type Way } from '../testing/ways.ts';

const WHY = new RpcError(Code.ABORTED, 'changed my mind', { reason: 'MIND' });
const never = new Promise<never>(() => undefined);

interface Told {
  readonly why: RpcError;
  readonly atMs: number;
}

/** A handler that waits until it is cancelled, and says when its signal and its listener were told. */
function waiting() {
  const begun = Promise.withResolvers<Call>();
  const told = Promise.withResolvers<Told>();
  const aborted = Promise.withResolvers<Told>();
  const handlers: RigOptions['handlers'] = {
    echo: (_request, call) => {
      const { signal } = call;
      call.onCancel((why) => told.resolve({ why, atMs: performance.now() }));
      signal.addEventListener('abort', () =>
        aborted.resolve({ why: signal.reason as RpcError, atMs: performance.now() }),
      );
      begun.resolve(call);
      return never;
    },
  };
  return { handlers, begun: begun.promise, told: () => Promise.all([told.promise, aborted.promise]) };
}

/** How long a handler is not told that the signal of its call is aborted, in ms. */
async function abortOne(way: Way): Promise<number> {
  const { handlers, begun, told } = waiting();
  await using rig = await createRigFor(way, { handlers });
  const controller = new AbortController();
  const failure = rig.client.echo({}, { signal: controller.signal });
  const call = await begun;
  const startMs = performance.now();
  controller.abort();
  await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED, sent: 'maybe' });
  const [listener, signal] = await told();
  for (const { why } of [listener, signal]) {
    expect(why).toMatchObject({ code: Code.CANCELLED, message: 'the caller left' });
  }
  expect(call.context.cancelled).toBe(call.cancelled);
  return Math.max(listener.atMs, signal.atMs) - startMs;
}

describe.each(WAYS)('$way', (way) => {
  test('an aborted signal ends the call here and, within a tenth of a second, there', async () => {
    const tookMs = await Promise.all(Array.from({ length: 5 }, () => abortOne(way)));
    // The machine may be busy with something else.
    expect(Math.min(...tookMs)).toBeLessThan(100);
  });

  test('a cancelled context ends the call with its own reason', async () => {
    const { handlers, begun, told } = waiting();
    await using rig = await createRigFor(way, { handlers });
    const cancellation = new Cancellation();
    const failure = runInContext(new Context({}, cancellation), () => rig.client.echo({}));
    await begun;
    expect(cancellation.listenerCount).toBe(1);
    cancellation.cancel(WHY);
    await expect(failure).rejects.toBe(WHY);
    for (const { why } of await told()) expect(why).toMatchObject({ code: Code.CANCELLED });
    expect(cancellation.listenerCount).toBe(0);
  });

  test('a server can cancel, and its caller sees why', async () => {
    const { handlers, begun, told } = waiting();
    await using rig = await createRigFor(way, { handlers });
    const failure = rig.client.echo({});
    (await begun).cancel(WHY);
    await expect(failure).rejects.toMatchObject({ code: Code.ABORTED, reason: 'MIND' });
    for (const { why } of await told()) expect(why).toBe(WHY);
  });

  test('a call that was cancelled before it is made is never sent', async () => {
    let seen = 0;
    const count: Interceptor = (call, next) => {
      seen += 1;
      return next(call);
    };
    await using rig = await createRigFor(way, { server: [count] });
    const failure = rig.client.echo({}, { signal: AbortSignal.abort() });
    await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED, sent: 'never' });
    await rig.client.echo({});
    expect(seen).toBe(1);
  });

  test('a call that is cancelled in the turn that made it ends, whether it was sent or not', async () => {
    const calls: Call[] = [];
    const keep: Interceptor = (call, next) => {
      calls.push(call);
      return next(call);
    };
    await using rig = await createRigFor(way, { server: [keep], handlers: { echo: () => never } });
    const controller = new AbortController();
    const failure = rig.client.echo({}, { signal: controller.signal });
    controller.abort();
    await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED, sent: 'maybe' });
    await rig.client.change({});
    const echoes = calls.filter(({ method }) => method.name === 'Echo');
    for (const call of echoes) await new Promise((resolve) => call.onCancel(resolve));
  });

  test('a cancellation after the reply changes nothing', async () => {
    const calls: Call[] = [];
    const keep: Interceptor = (call, next) => {
      calls.push(call);
      return next(call);
    };
    await using rig = await createRigFor(way, { server: [keep] });
    const controller = new AbortController();
    const cancellation = new Cancellation();
    const context = new Context({}, cancellation);
    const reply = await rig.client.echo({ text: 'a' }, { signal: controller.signal, context });
    controller.abort();
    cancellation.cancel(WHY);
    await rig.client.echo({});
    expect(reply.text).toBe('a');
    expect(calls.map(({ cancelled }) => cancelled)).toEqual([undefined, undefined]);
  });

  test('a handler that answers in spite of the cancellation is not heard', async () => {
    const go = Promise.withResolvers<{ text: string }>();
    const begun = Promise.withResolvers<Call>();
    const handlers: RigOptions['handlers'] = { echo: (_request, call) => (begun.resolve(call), go.promise) };
    await using rig = await createRigFor(way, { handlers });
    const controller = new AbortController();
    const failure = rig.client.echo({}, { signal: controller.signal });
    const call = await begun.promise;
    const cancelled = new Promise((resolve) => call.onCancel(resolve));
    controller.abort();
    await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED });
    await cancelled;
    go.resolve({ text: 'too late' });
    expect((await rig.client.change({ text: 'next' })).text).toBe('next');
  });

  test('one of many is cancelled, the others are answered', async () => {
    const seen: string[] = [];
    const handlers: RigOptions['handlers'] = {
      echo: async ({ text }, call) => {
        call.onCancel(() => seen.push(text));
        for (let turn = 0; turn < 5; turn++) await setImmediate();
        return { text };
      },
    };
    await using rig = await createRigFor(way, { handlers });
    const controllers = Array.from({ length: 100 }, () => new AbortController());
    const replies = controllers.map(({ signal }, index) =>
      rig.client.echo({ text: `${index}` }, { signal }).then(
        ({ text }) => text,
        (error: RpcError) => error.code,
      ),
    );
    for (let index = 0; index < 100; index += 10) controllers[index]?.abort();
    expect(await Promise.all(replies)).toEqual(
      replies.map((_, index) => (index % 10 === 0 ? Code.CANCELLED : `${index}`)),
    );
    await rig.client.change({});
    for (const text of seen) expect(Number(text) % 10).toBe(0);
    expect(timers.size).toBe(0);
  });

  test('what is called while a handler runs is cancelled with it', async () => {
    const { handlers, begun, told } = waiting();
    await using backend = await createRigFor(way, { handlers });
    await using rig = await createRigFor(way, { handlers: { echo: () => backend.client.echo({}) } });
    const controller = new AbortController();
    const failure = rig.client.echo({}, { signal: controller.signal });
    await begun;
    controller.abort();
    await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED });
    for (const { why } of await told()) expect(why).toMatchObject({ code: Code.CANCELLED });
  });
});
