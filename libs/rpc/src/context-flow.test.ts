import { expect, test } from '@jest/globals';
import { Cancellation, Code, Context, currentContext, RpcError, runInContext, type Call } from './index.ts';
import { createRig } from './testing.ts';

const WHY = new RpcError(Code.ABORTED, 'changed my mind');
const KINDS = ['unary', 'clientStream', 'serverStream', 'bidi'] as const;

test('a call that ends well cancels nothing afterwards', async () => {
  const calls: Call[] = [];
  await using rig = await createRig({
    server: [
      (call, next) => {
        calls.push(call);
        return next(call);
      },
    ],
  });
  for (const kind of KINDS) await rig.call(kind);
  // A later call on the same connection: what grpc-js had to say about the earlier ones has been said.
  await rig.call('unary');
  expect(calls.slice(0, 4).map(({ cancelled }) => cancelled)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('calls leave no subscription behind on their context', async () => {
  await using rig = await createRig();
  const cancellation = new Cancellation();
  await runInContext(new Context({}, cancellation), async () => {
    for (const kind of KINDS) {
      for (let count = 0; count < 20; count++) await rig.call(kind);
    }
    for await (const _ of rig.client.expand({ count: 5 })) break;
    await expect(rig.call('unary', ['a'], { metadata: { te: 'x' } })).rejects.toThrow();
  });
  expect(cancellation.listenerCount).toBe(0);
});

test('a long stream gathers no listeners, whatever its handler calls', async () => {
  let context: Context | undefined;
  const cancellation = new Cancellation();
  await using backend = await createRig();
  await using rig = await createRig({
    handlers: {
      async *chat(requests, call) {
        const own = (context = call.context.with({}, cancellation));
        for await (const { text } of requests) {
          const { text: back } = await runInContext(own, () => backend.client.echo({ text }));
          yield { text: back };
        }
      },
    },
  });
  const texts = Array.from({ length: 50 }, (_, index) => `${index}`);
  expect(await rig.call('bidi', texts)).toEqual(texts);
  expect(context).toBeDefined();
  expect(cancellation.listenerCount).toBe(0);
});

test('handlers and every step of a generator run in the context of their call', async () => {
  const principal = { subject: 'me', tenant: 'default', roles: [] };
  const subject = (): string => currentContext().principal?.subject ?? 'nobody';
  await using rig = await createRig({
    server: [(call, next) => next(call.with({ context: call.context.with({ principal }) }))],
    handlers: {
      echo: () => Promise.resolve({ text: subject() }),
      collect: async (requests) => ({ text: (await Array.fromAsync(requests, subject)).join(' ') }),
      async *expand() {
        yield { text: subject() };
        yield { text: subject() };
      },
      async *chat(requests) {
        for await (const _ of requests) yield { text: subject() };
      },
    },
  });
  for (const kind of KINDS) {
    const texts = await rig.call(kind, ['a', 'b']);
    expect(texts.join(' ')).toMatch(/^me( me)*$/);
  }
});

test('a call in a cancelled context is not sent', async () => {
  let calls = 0;
  await using rig = await createRig({
    server: [
      (call, next) => {
        calls += 1;
        return next(call);
      },
    ],
  });
  const cancellation = new Cancellation();
  cancellation.cancel(WHY);
  const context = new Context({}, cancellation);
  for (const kind of KINDS) {
    await expect(rig.call(kind, ['a'], { context })).rejects.toMatchObject({
      code: Code.ABORTED,
      sent: 'never',
    });
  }
  expect(calls).toBe(0);
});
