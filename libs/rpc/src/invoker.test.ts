import { expect, test } from '@jest/globals';
import { describeService, type CallKind } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Cancellation } from './cancellation.ts';
import { Context } from './context.ts';
import type { Interceptor } from './interceptor.ts';
import { createMetadata } from './metadata.ts';
import { createRig } from './testing/rig.ts';
import { Code, RpcError } from './status.ts';
import { tap } from './stream-of.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];

test.each(KINDS)('the caller of a %s call is told the headers of the reply, once', async (kind) => {
  await using rig = await createRig({
    server: [
      async (call, next) => ({ ...(await next(call)), headers: createMetadata({ 'x-from': 'cache' }) }),
    ],
  });
  const seen: (string | undefined)[] = [];
  await rig.call(kind, ['a'], { onHeaders: (headers) => void seen.push(headers.get('x-from')) });
  expect(seen).toEqual(['cache']);
});

test.each(KINDS)('and nothing of a %s call that fails before', async (kind) => {
  await using rig = await createRig({
    client: [() => Promise.reject(new RpcError(Code.UNAVAILABLE, 'down'))],
  });
  const seen: unknown[] = [];
  const call = rig.call(kind, ['a'], { onHeaders: (headers) => void seen.push(headers) });
  await expect(call).rejects.toMatchObject({ code: Code.UNAVAILABLE });
  expect(seen).toEqual([]);
});

/** What people write first: it answers `return()` only after the `next()` that waits. */
const generated: Interceptor = async (call, next) => {
  const reply = await next(call);
  async function* messages(): AsyncIterable<unknown> {
    if (reply.kind === 'many') yield* reply.messages;
  }
  return reply.kind === 'many' ? { ...reply, messages: messages() } : reply;
};

test.each(['cancelled', 'left'] as const)(
  'a stream that is %s while it waits ends at the server, whatever is wrapped around it',
  async (how) => {
    const ended = Promise.withResolvers<RpcError>();
    await using rig = await createRig({
      client: [generated],
      handlers: {
        expand: async function* (_request, call) {
          yield { text: 'first' };
          ended.resolve(await new Promise<RpcError>((resolve) => call.onCancel(resolve)));
        },
      },
    });
    const cancellation = new Cancellation();
    const context = new Context({}, cancellation);
    const messages = rig.client.expand({ text: 'x' }, { context })[Symbol.asyncIterator]();
    await messages.next();
    const waiting = messages.next().catch(() => undefined);
    if (how === 'left') void messages.return?.();
    else cancellation.cancel(new RpcError(Code.CANCELLED, 'gone'));
    expect((await ended.promise).code).toBe(Code.CANCELLED);
    await waiting;
  },
);

test('a stream that its reader breaks off ends at the server, whatever is wrapped around it', async () => {
  const ended = Promise.withResolvers<RpcError>();
  await using rig = await createRig({
    client: [generated],
    handlers: {
      expand: async function* (_request, call) {
        yield { text: 'first' };
        ended.resolve(await new Promise<RpcError>((resolve) => call.onCancel(resolve)));
      },
    },
  });
  const { expand } = describeService(EchoService).methods;
  const reply = await rig.invoke(expand!, { text: 'x' });
  if (reply.kind === 'one') throw new Error('a stream was expected');
  const stream = tap(reply.messages, {});
  await stream.next();
  const waiting = stream.next().catch(() => undefined);
  stream.fail(new RpcError(Code.CANCELLED, 'gone'));
  expect((await ended.promise).code).toBe(Code.CANCELLED);
  await waiting;
});
