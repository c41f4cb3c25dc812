import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import {
  Cancellation,
  Code,
  Context,
  createBareClient,
  createTransport,
  RpcError,
  runInContext,
  type Call,
} from './index.ts';
import { EchoService } from '@millrace/contracts/testing';
import { createRig, type RigOptions } from './testing.ts';

const WHY = new RpcError(Code.ABORTED, 'changed my mind', { reason: 'MIND' });

/** Handlers that wait until they are cancelled, and say what they saw. */
function waiting(): {
  handlers: NonNullable<RigOptions['handlers']>;
  begun: Promise<Call>;
  seen: Promise<unknown>;
} {
  const begun = Promise.withResolvers<Call>();
  const seen = Promise.withResolvers<unknown>();
  const wait = (call: Call): Promise<never> => {
    begun.resolve(call);
    return new Promise((_resolve, reject) => {
      call.onCancel((why) => {
        seen.resolve(why);
        reject(why);
      });
    });
  };
  const handlers: RigOptions['handlers'] = {
    echo: (_request, call) => wait(call),
    collect: async (requests, call) => {
      begun.resolve(call);
      try {
        for await (const _ of requests);
      } catch (error) {
        seen.resolve(error);
      }
      return {};
    },
    async *expand(_request, call) {
      yield { text: 'first' };
      await wait(call);
    },
    async *chat(requests, call) {
      begun.resolve(call);
      try {
        for await (const { text } of requests) yield { text };
      } catch (error) {
        seen.resolve(error);
      }
    },
  };
  return { handlers, begun: begun.promise, seen: seen.promise };
}

async function* endless(): AsyncIterable<{ text: string }> {
  yield { text: 'first' };
  await new Promise(() => undefined);
}

type Rig = Awaited<ReturnType<typeof createRig>>;
type Options = Parameters<Rig['client']['echo']>[1];

const CALLS: Readonly<Record<string, (rig: Rig, options?: Options) => Promise<unknown>>> = {
  unary: (rig, options) => rig.client.echo({}, options),
  clientStream: (rig, options) => rig.client.collect(endless(), options),
  serverStream: (rig, options) => Array.fromAsync(rig.client.expand({}, options)),
  bidi: (rig, options) => Array.fromAsync(rig.client.chat(endless(), options)),
};

test.each(Object.keys(CALLS))('%s: a cancelled context ends the call here and there', async (kind) => {
  const { handlers, begun, seen } = waiting();
  await using rig = await createRig({ handlers });
  const cancellation = new Cancellation();
  const context = new Context({}, cancellation);
  const failure = runInContext(context, () => CALLS[kind]?.(rig));
  const call = await begun;
  expect(cancellation.listenerCount).toBe(1);
  cancellation.cancel(WHY);
  await expect(failure).rejects.toBe(WHY);
  expect(await seen).toMatchObject({ code: Code.CANCELLED });
  expect(call.cancelled).toMatchObject({ code: Code.CANCELLED });
  expect(call.context.cancelled).toBe(call.cancelled);
  expect(call.signal.aborted).toBe(true);
});

test.each(Object.keys(CALLS))('%s: an aborted signal ends the call', async (kind) => {
  const { handlers, begun, seen } = waiting();
  await using rig = await createRig({ handlers });
  const controller = new AbortController();
  const failure = CALLS[kind]?.(rig, { signal: controller.signal });
  await begun;
  controller.abort();
  await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED });
  await seen;
});

test.each(Object.keys(CALLS))('%s: a client that vanishes cancels the handler', async (kind) => {
  const { handlers, begun, seen } = waiting();
  await using rig = await createRig({ handlers });
  const [host, port] = rig.address.split(':');
  const sockets: Socket[] = [];
  const proxy = createServer((socket) => {
    const upstream = connect(Number(port), host);
    sockets.push(socket, upstream);
    socket.on('error', () => undefined).pipe(upstream);
    upstream.on('error', () => undefined).pipe(socket);
  }).listen(0);
  await once(proxy, 'listening');
  const { port: proxyPort } = proxy.address() as { port: number };
  const transport = createTransport({ address: `127.0.0.1:${proxyPort}` });
  const client = createBareClient(EchoService, { transport });
  const failure = CALLS[kind]?.({ ...rig, client });
  await begun;
  for (const socket of sockets) socket.destroy();
  await expect(failure).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'maybe' });
  expect(await seen).toMatchObject({ code: Code.CANCELLED });
  await transport.close();
  proxy.close();
});

test.each(['unary', 'serverStream'])(
  '%s: the server side can cancel, and its caller sees why',
  async (kind) => {
    const { handlers, begun, seen } = waiting();
    await using rig = await createRig({ handlers });
    const failure = CALLS[kind]?.(rig);
    (await begun).cancel(WHY);
    await expect(failure).rejects.toMatchObject({ code: Code.ABORTED, reason: 'MIND' });
    expect(await seen).toBe(WHY);
  },
);

test('breaking out of a stream cancels it, and the generator that feeds it is closed', async () => {
  const closed = Promise.withResolvers<string>();
  await using rig = await createRig({
    handlers: {
      async *expand(_request, call) {
        try {
          for (let index = 0; ; index++) yield { text: 'x'.repeat(1_000), index };
        } finally {
          closed.resolve(String(call.cancelled?.code));
        }
      },
    },
  });
  for await (const { index } of rig.client.expand({})) if (index === 3) break;
  expect(await closed.promise).toBe(String(Code.CANCELLED));
});

test('a reader that leaves while it waits for a message is not kept waiting', async () => {
  const { handlers, seen } = waiting();
  await using rig = await createRig({ handlers });
  const reader = rig.client.expand({})[Symbol.asyncIterator]();
  await reader.next();
  const next = reader.next();
  await reader.return?.();
  await expect(next).rejects.toMatchObject({ code: Code.CANCELLED });
  await seen;
});

test('a reader that leaves before the headers cancels the call', async () => {
  const { handlers, begun, seen } = waiting();
  await using rig = await createRig({
    handlers,
    server: [
      (call, next) =>
        call.method.name === 'Expand' ? (handlers.echo?.({} as never, call) as never) : next(call),
    ],
  });
  const reader = rig.client.expand({})[Symbol.asyncIterator]();
  const next = reader.next();
  await begun;
  await reader.return?.();
  await expect(next).rejects.toMatchObject({ code: Code.CANCELLED });
  await seen;
});

test('when the server is done, the source of requests is closed', async () => {
  const closed = Promise.withResolvers<void>();
  async function* source(): AsyncIterable<{ text: string }> {
    try {
      for (;;) yield { text: 'more' };
    } finally {
      closed.resolve();
    }
  }
  await using rig = await createRig({ handlers: { collect: () => Promise.resolve({ text: 'enough' }) } });
  expect((await rig.client.collect(source())).text).toBe('enough');
  await closed.promise;
});

test('a source of requests that fails ends the call with its error as the cause', async () => {
  const { handlers, begun, seen } = waiting();
  await using rig = await createRig({ handlers });
  const cause = new Error('disk');
  async function* source(): AsyncIterable<{ text: string }> {
    yield { text: 'first' };
    await begun;
    throw cause;
  }
  await expect(rig.client.collect(source())).rejects.toMatchObject({ cause });
  expect(await seen).toMatchObject({ code: Code.CANCELLED });
});

test('what is called while a handler runs is cancelled with it', async () => {
  const { handlers, begun, seen } = waiting();
  await using backend = await createRig({ handlers });
  await using rig = await createRig({ handlers: { echo: () => backend.client.echo({}) } });
  const controller = new AbortController();
  const failure = rig.client.echo({}, { signal: controller.signal });
  await begun;
  controller.abort();
  await expect(failure).rejects.toMatchObject({ code: Code.CANCELLED });
  expect(await seen).toMatchObject({ code: Code.CANCELLED });
});
