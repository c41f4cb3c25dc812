import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Code, timers, type Call, type RpcError } from '../index.ts';
import type { RigOptions } from '../testing.ts';
import { createRigFor, WAYS } from '../testing/ways.ts';

const GRACE_MS = 20_000;

describe.each(WAYS)('$way', (way) => {
  test('a closing server lets what runs finish and takes nothing new', async () => {
    const begun: string[] = [];
    const all = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const handlers: RigOptions['handlers'] = {
      echo: async ({ text }) => {
        begun.push(text);
        if (begun.length === 100) all.resolve();
        await go.promise;
        return { text };
      },
    };
    await using rig = await createRigFor(way, { handlers });
    const texts = Array.from({ length: 100 }, (_, index) => `${index} ${'x'.repeat((index % 4) * 10_000)}`);
    const replies = texts.map((text) => rig.client.echo({ text }));
    await all.promise;
    const closed = rig.server.close({ graceMs: GRACE_MS });
    const late = await rig.client.echo({ text: 'late' }).catch((error: RpcError) => error);
    expect(late).toMatchObject({ code: Code.UNAVAILABLE });
    expect(['never', 'refused']).toContain((late as RpcError).sent);
    go.resolve();
    expect((await Promise.all(replies)).map(({ text }) => text)).toEqual(texts);
    await closed;
    expect(begun).toHaveLength(100);
  });

  test('under load no call that was taken is lost, and the others are known not to have run', async () => {
    const ran = new Set<string>();
    const handlers: RigOptions['handlers'] = {
      async echo({ text }) {
        ran.add(text);
        await setImmediate();
        return { text };
      },
    };
    await using rig = await createRigFor(way, { handlers });
    const answered = new Set<string>();
    const failed = new Map<string, RpcError>();
    let closed: Promise<void> | undefined;
    const caller = async (name: number): Promise<void> => {
      for (let index = 0; failed.size === 0; index++) {
        const text = `${name} ${index}`;
        await rig.client.echo({ text }).then(
          () => answered.add(text),
          (error: RpcError) => failed.set(text, error),
        );
        if (answered.size === 500) closed ??= rig.server.close({ graceMs: GRACE_MS });
      }
    };
    await Promise.all(Array.from({ length: 50 }, (_, name) => caller(name)));
    await closed;
    for (const [text, { code, sent }] of failed) {
      expect(code).toBe(Code.UNAVAILABLE);
      expect(['never', 'refused']).toContain(sent);
      expect(ran.has(text)).toBe(false);
    }
    expect(ran).toEqual(answered);
  });

  test('what still runs after the grace time ends with UNAVAILABLE on both sides', async () => {
    const calls: Call[] = [];
    const all = Promise.withResolvers<void>();
    const handlers: RigOptions['handlers'] = {
      echo: (_request, call) => {
        if (calls.push(call) === 20) all.resolve();
        return new Promise(() => undefined);
      },
    };
    await using rig = await createRigFor(way, { handlers });
    const failures = Array.from({ length: 20 }, () => rig.client.echo({}).catch((error: RpcError) => error));
    await all.promise;
    const startMs = performance.now();
    await rig.server.close({ graceMs: 100 });
    expect(performance.now() - startMs).toBeLessThan(5_000);
    for (const failure of await Promise.all(failures)) {
      expect(failure).toMatchObject({ code: Code.UNAVAILABLE, reason: 'SHUTTING_DOWN', sent: 'maybe' });
    }
    for (const { cancelled } of calls) expect(cancelled).toMatchObject({ reason: 'SHUTTING_DOWN' });
    expect(timers.size).toBe(0);
  });

  test('a server without calls closes at once', async () => {
    await using rig = await createRigFor(way);
    await rig.call('unary');
    const startMs = performance.now();
    await rig.server.close({ graceMs: GRACE_MS });
    expect(performance.now() - startMs).toBeLessThan(GRACE_MS / 2);
  });

  test('calls that run when their client closes still finish, new ones fail', async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<{ text: string }>();
    const handlers: RigOptions['handlers'] = { echo: () => (begun.resolve(), go.promise) };
    await using rig = await createRigFor(way, { handlers });
    const running = rig.client.echo({});
    await begun.promise;
    await rig.transport.close();
    await expect(rig.client.change({})).rejects.toMatchObject({ code: Code.UNAVAILABLE, sent: 'never' });
    go.resolve({ text: 'done' });
    expect((await running).text).toBe('done');
  });
});
