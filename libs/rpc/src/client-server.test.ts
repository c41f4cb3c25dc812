import { describe, expect, test } from '@jest/globals';
import { describeService, type CallKind, type Method } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Code, createMetadata, RpcError, type Interceptor } from './index.ts';
import { createRig, type RigOptions } from './testing.ts';

const KINDS: readonly CallKind[] = ['unary', 'clientStream', 'serverStream', 'bidi'];
const { expand } = describeService(EchoService).methods;

async function* none(): AsyncIterable<never> {
  // Nothing to send.
}

test.each([
  ['unary', ['a']],
  ['clientStream', ['a b']],
  ['serverStream', ['a', 'a']],
  ['bidi', ['a', 'b']],
] as const)('a %s call is answered', async (kind, expected) => {
  await using rig = await createRig();
  expect(await rig.call(kind, ['a', 'b'])).toEqual(expected);
});

test('values of every type arrive as they were', async () => {
  await using rig = await createRig();
  const sample = {
    number: -(2n ** 63n),
    unsignedNumber: 2n ** 64n - 1n,
    data: new Uint8Array([0, 255]),
    counts: { a: 1n },
    children: [{ flag: true }, {}],
    choice: { case: 'inner' as const, value: { choice: { case: 'word' as const, value: 'ünï' } } },
  };
  const { sample: back } = await rig.client.echo({ sample });
  expect(back).toMatchObject(sample);
});

test('messages of megabytes go through', async () => {
  await using rig = await createRig();
  const data = new Uint8Array(3 * 1024 * 1024).fill(7);
  const { sample } = await rig.client.echo({ sample: { data } });
  expect(Buffer.compare(sample?.data ?? new Uint8Array(), data)).toBe(0);
});

test.each(KINDS)('%s: an interceptor may send a call again', async (kind) => {
  let attempts = 0;
  const refusing: Interceptor = (call, next) => {
    attempts += 1;
    if (attempts === 1) return Promise.reject(new RpcError(Code.UNAVAILABLE, 'not now'));
    return next(call);
  };
  const again: Interceptor = (call, next) => next(call).catch(() => next(call.with({ attempt: 1 })));
  await using rig = await createRig({ client: [again], server: [refusing] });
  // Requests that stream are for one pass: the second attempt finds what the first has left.
  if (kind === 'clientStream' || kind === 'bidi') await rig.call(kind, []);
  else expect((await rig.call(kind))[0]).toBe('hello');
  expect(attempts).toBe(2);
});

test('streams without messages end well', async () => {
  await using rig = await createRig();
  expect(await rig.call('clientStream', [])).toEqual(['']);
  expect(await rig.call('bidi', [])).toEqual([]);
  expect(await Array.fromAsync(rig.client.expand({ count: 0 }))).toEqual([]);
  expect((await rig.client.collect(none())).count).toBe(0);
});

test('many calls share one connection', async () => {
  await using rig = await createRig();
  const texts = Array.from({ length: 300 }, (_, index) => `text ${index}`);
  const answers = await Promise.all(texts.map((text) => rig.client.echo({ text })));
  expect(answers.map(({ text }) => text)).toEqual(texts);
});

test.each(KINDS)('%s: metadata goes there, headers and trailers come back', async (kind) => {
  const replying: Interceptor = async (call, next) => {
    const value = call.metadata.get('x-text') ?? '';
    const bytes = call.metadata.getBytes('x-data-bin') ?? new Uint8Array();
    const reply = await next(call);
    const headers = createMetadata({ 'x-header': value, 'x-header-bin': bytes });
    const trailers = createMetadata({ 'x-trailer': value });
    return reply.kind === 'one'
      ? { ...reply, headers, trailers }
      : { ...reply, headers, trailers: Promise.resolve(trailers) };
  };
  const seen: unknown[] = [];
  const watching: Interceptor = async (call, next) => {
    const reply = await next(call);
    seen.push(reply.headers.get('X-Header'), reply.headers.getBytes('x-header-bin'));
    void Promise.resolve(reply.trailers).then((trailers) => seen.push(trailers.get('x-trailer')));
    return reply;
  };
  await using rig = await createRig({ server: [replying], client: [watching] });
  await rig.call(kind, ['a'], { metadata: { 'X-Text': 'value', 'x-data-bin': new Uint8Array([1, 2]) } });
  expect(seen).toEqual(['value', Buffer.from([1, 2]), 'value']);
});

test('interceptors run outermost first on both sides, the same for every kind', async () => {
  const order: string[] = [];
  const named =
    (name: string): Interceptor =>
    (call, next) => {
      order.push(`${name} ${call.side} ${call.kind}`);
      return next(call);
    };
  await using rig = await createRig({ client: [named('1'), named('2')], server: [named('3'), named('4')] });
  for (const kind of KINDS) {
    order.length = 0;
    await rig.call(kind);
    expect(order).toEqual([`1 client ${kind}`, `2 client ${kind}`, `3 server ${kind}`, `4 server ${kind}`]);
  }
});

test('each side knows the other end', async () => {
  const peers: (string | undefined)[] = [];
  const looking: Interceptor = (call, next) => {
    peers.push(call.peer);
    return next(call);
  };
  await using rig = await createRig({ client: [looking], server: [looking] });
  await rig.call('unary');
  expect(peers).toEqual([rig.address, expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
});

test('a stream is answered when its headers are there, before its first message', async () => {
  const first = Promise.withResolvers<void>();
  await using rig = await createRig({
    handlers: {
      async *expand({ text }) {
        await first.promise;
        yield { text };
      },
    },
  });
  const reply = await rig.invoke(expand as Method, { text: 'late' });
  if (reply.kind !== 'many') throw new Error('one');
  first.resolve();
  expect(await Array.fromAsync(reply.messages)).toMatchObject([{ text: 'late' }]);
});

describe('what a handler gives', () => {
  // Almost everything has a text form, and protobuf-es takes it.
  const wrong = (): never => ({ text: Object.create(null) as string }) as never;
  const handlers: RigOptions['handlers'] = {
    echo: () => Promise.resolve(wrong()),
    collect: () => Promise.resolve(wrong()),
    async *expand() {
      yield wrong();
    },
    async *chat() {
      yield wrong();
    },
  };

  test.each(KINDS)('%s: a message of a wrong type is INTERNAL', async (kind) => {
    await using rig = await createRig({ handlers });
    await expect(rig.call(kind)).rejects.toMatchObject({ code: Code.INTERNAL, message: 'internal error' });
  });

  test('a request of a wrong type never leaves', async () => {
    await using rig = await createRig();
    const failure = rig.client.echo(wrong());
    await expect(failure).rejects.toMatchObject({ code: Code.INTERNAL, sent: 'never' });
  });
});

test('a stream is not begun before somebody reads it', async () => {
  let calls = 0;
  const counting: Interceptor = (call, next) => {
    calls += 1;
    return next(call);
  };
  await using rig = await createRig({ client: [counting] });
  const unread = rig.client.expand({ count: 1 });
  expect(calls).toBe(0);
  await Array.fromAsync(unread);
  expect(calls).toBe(1);
});
