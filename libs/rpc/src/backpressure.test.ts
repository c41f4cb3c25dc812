import { setImmediate } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Cancellation, Code, Context, RpcError } from './index.ts';
import { createRig } from './testing.ts';

const TEXT = 'x'.repeat(10_000);
/** What HTTP/2's windows, the sockets and our own windows can hold of such messages, generously. */
const BOUND = 400;

/** Waits until a count stands still. */
async function settled(count: () => number): Promise<number> {
  let last = -1;
  let still = 0;
  while (still < 200) {
    await setImmediate();
    still = count() === last ? still + 1 : 0;
    last = count();
  }
  return last;
}

test('a server stream goes no faster than it is read', async () => {
  let made = 0;
  await using rig = await createRig({
    handlers: {
      async *expand() {
        for (;;) yield { text: TEXT, index: made++ };
      },
    },
  });
  const reader = rig.client.expand({})[Symbol.asyncIterator]();
  await reader.next();
  const first = await settled(() => made);
  expect(first).toBeLessThan(BOUND);
  for (let count = 0; count < 2 * BOUND; count++) await reader.next();
  expect(made).toBeGreaterThan(2 * BOUND);
  expect(await settled(() => made)).toBeLessThan(3 * BOUND + 1);
  await reader.return?.();
});

test('a stream of requests goes no faster than the handler reads', async () => {
  let made = 0;
  const go = Promise.withResolvers<void>();
  await using rig = await createRig({
    handlers: {
      collect: async (requests) => {
        let count = 0;
        for await (const _ of requests) {
          await go.promise;
          count += 1;
        }
        return { count };
      },
    },
  });
  async function* source(): AsyncIterable<{ text: string }> {
    while (made < 3 * BOUND) {
      made += 1;
      yield { text: TEXT };
    }
  }
  const reply = rig.client.collect(source());
  expect(await settled(() => made)).toBeLessThan(BOUND);
  go.resolve();
  expect((await reply).count).toBe(3 * BOUND);
});

test('a bidi call with both sides slow stays bounded, and loses nothing', async () => {
  let sent = 0;
  let answered = 0;
  await using rig = await createRig({
    handlers: {
      async *chat(requests) {
        for await (const { text } of requests) {
          answered += 1;
          yield { text };
        }
      },
    },
  });
  async function* source(): AsyncIterable<{ text: string }> {
    while (sent < 4 * BOUND) yield { text: `${sent++} ${TEXT}` };
  }
  const reader = rig.client.chat(source())[Symbol.asyncIterator]();
  await reader.next();
  expect(await settled(() => sent)).toBeLessThan(2 * BOUND);
  let count = 1;
  for (let next = await reader.next(); !next.done; next = await reader.next()) {
    expect(next.value.text.startsWith(`${count} `)).toBe(true);
    count += 1;
  }
  expect([count, answered]).toEqual([4 * BOUND, 4 * BOUND]);
});

test('a stream that nobody reads is freed by cancelling it', async () => {
  const closed = Promise.withResolvers<void>();
  const cancellation = new Cancellation();
  await using rig = await createRig({
    handlers: {
      async *expand() {
        try {
          for (;;) yield { text: TEXT };
        } finally {
          closed.resolve();
        }
      },
    },
  });
  const context = new Context({}, cancellation);
  const reader = rig.client.expand({}, { context })[Symbol.asyncIterator]();
  await reader.next();
  cancellation.cancel(new RpcError(Code.CANCELLED, 'enough'));
  await closed.promise;
  expect(cancellation.listenerCount).toBe(0);
  await expect(reader.next()).rejects.toMatchObject({ message: 'enough' });
});
