import { once } from 'node:events';
import { connect, createServer as createNetServer, type AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createBareServer, implement, ListenError, type Call } from './index.ts';
import { createRig, echo } from './testing.ts';

const GRACE_MS = 10_000;

test('a closing server lets what runs finish, for every kind of call', async () => {
  const begun: (() => void)[] = [];
  const go = Promise.withResolvers<void>();
  const wait = async (): Promise<void> => {
    begun.shift()?.();
    await go.promise;
  };
  await using rig = await createRig({
    server: [async (call, next) => (await wait(), next(call))],
  });
  const calls = (['unary', 'clientStream', 'serverStream', 'bidi'] as const).map((kind) => {
    const arrived = new Promise<void>((resolve) => begun.push(resolve));
    return { arrived, texts: rig.call(kind, ['a', 'b']) };
  });
  await Promise.all(calls.map(({ arrived }) => arrived));
  const closed = rig.server.close({ graceMs: GRACE_MS });
  go.resolve();
  const texts = await Promise.all(calls.map((call) => call.texts));
  expect(texts).toEqual([['a'], ['a b'], ['a', 'a'], ['a', 'b']]);
  await closed;
});

test('new calls to a closing server fail as never sent or refused', async () => {
  const go = Promise.withResolvers<{ text: string }>();
  const begun = Promise.withResolvers<void>();
  await using rig = await createRig({
    handlers: { change: () => (begun.resolve(), go.promise) },
  });
  const running = rig.client.change({});
  await begun.promise;
  const closed = rig.server.close({ graceMs: GRACE_MS });
  const failure = (await rig.client.echo({}).catch((error: unknown) => error)) as { sent: string };
  expect(failure).toMatchObject({ code: Code.UNAVAILABLE });
  expect(['never', 'refused']).toContain(failure.sent);
  go.resolve({ text: 'done' });
  expect((await running).text).toBe('done');
  await closed;
});

test('under load, no call that was taken is lost: each is answered, or can be sent elsewhere', async () => {
  await using rig = await createRig({
    handlers: {
      async echo({ text }) {
        await setImmediate();
        return { text };
      },
    },
  });
  let answered = 0;
  const failures: unknown[] = [];
  const caller = async (): Promise<void> => {
    while (failures.length === 0) {
      await rig.client.echo({}).then(
        () => (answered += 1),
        (error: unknown) => failures.push(error),
      );
      if (answered === 500) closed ??= rig.server.close({ graceMs: GRACE_MS });
    }
  };
  let closed: Promise<void> | undefined;
  await Promise.all(Array.from({ length: 50 }, caller));
  await closed;
  for (const failure of failures) {
    expect(failure).toMatchObject({
      code: Code.UNAVAILABLE,
      sent: expect.stringMatching(/^(never|refused)$/),
    });
  }
});

test('what still runs after the grace time ends with UNAVAILABLE on both sides', async () => {
  const begun = Promise.withResolvers<Call>();
  await using rig = await createRig({
    handlers: {
      echo: (_request, call) => {
        begun.resolve(call);
        return new Promise(() => undefined);
      },
    },
  });
  const failure = rig.client.echo({}).catch((error: unknown) => error);
  const call = await begun.promise;
  const startMs = performance.now();
  await rig.server.close({ graceMs: 100 });
  expect(performance.now() - startMs).toBeLessThan(1_000);
  expect(await failure).toMatchObject({ code: Code.UNAVAILABLE, reason: 'SHUTTING_DOWN' });
  expect(call.cancelled).toMatchObject({ code: Code.UNAVAILABLE });
});

test('watches are sent away at once and hold nothing up', async () => {
  await using rig = await createRig();
  const watch = rig.client.watch({})[Symbol.asyncIterator]();
  await watch.next();
  const startMs = performance.now();
  const closed = rig.server.close({ graceMs: GRACE_MS });
  await expect(watch.next()).rejects.toMatchObject({ code: Code.UNAVAILABLE, reason: 'SHUTTING_DOWN' });
  await closed;
  expect(performance.now() - startMs).toBeLessThan(GRACE_MS / 2);
});

test('an idle client and a connection that never spoke do not hold it up', async () => {
  await using rig = await createRig();
  await rig.call('unary');
  const [host, port] = rig.address.split(':');
  const mute = connect(Number(port), host);
  await once(mute, 'connect');
  await rig.server.close({ graceMs: 100 });
  mute.destroy();
});

test('closing twice is closing once', async () => {
  await using rig = await createRig();
  await Promise.all([rig.server.close({ graceMs: 0 }), rig.server.close({ graceMs: GRACE_MS })]);
});

test('a server that never listened closes', async () => {
  await createBareServer({ services: [implement(EchoService, echo)] }).close({ graceMs: GRACE_MS });
});

test('a port that is taken is an error that names it', async () => {
  const taken = createNetServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const server = createBareServer({ services: [implement(EchoService, echo)] });
  const failure = server.listen({ host: '127.0.0.1', port });
  await expect(failure).rejects.toBeInstanceOf(ListenError);
  await expect(failure).rejects.toMatchObject({
    code: 'EADDRINUSE',
    host: '127.0.0.1',
    port,
    message: `cannot listen on 127.0.0.1:${port}: the port is taken`,
  });
  await server.close({ graceMs: 0 });
  taken.close();
});
