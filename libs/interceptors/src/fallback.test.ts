import { create } from '@bufbuild/protobuf';
import { describe, expect, it, test } from '@jest/globals';
import { GetOrderResponseSchema, type CallKind } from '@millrace/contracts';
import { Code, codeName, RpcError, type Next } from '@millrace/rpc';
import { fallback, type Fallback } from './fallback.ts';
import { answering, failing, failureOf, readAll, replyTo } from './testing/answers.ts';
import { fakeMeter } from './testing/fake-meter.ts';
import { KINDS, testCall } from './testing/test-call.ts';

const PATH = '/shop.order.v1.OrderService/GetOrder';
const STREAMS = ['serverStream', 'bidi'] as const;
const down = new RpcError(Code.UNAVAILABLE, 'down', { reason: 'CIRCUIT_OPEN' });
const cached = (id: string) => create(GetOrderResponseSchema, { order: { id } });

/** Made through an interceptor with one fallback. */
function run(standIn: Fallback, next: Next, kind: CallKind = 'unary') {
  const { meter, records } = fakeMeter();
  const { call } = testCall({ side: 'client', kind });
  return { reply: fallback({ fallbacks: { [PATH]: standIn }, meter })(call, next), call, records };
}

/** The same answer for any kind of call. */
const answerFor = (kind: CallKind) =>
  kind === 'unary' || kind === 'clientStream' ? { order: { id: 'a' } } : [{ order: { id: 'a' } }];

describe.each(KINDS)('a %s call with a fallback', (kind) => {
  it('is answered by it when the service cannot, and says so', async () => {
    const { reply, records } = run(() => answerFor(kind), failing(down), kind);
    expect((await reply).headers.get('millrace-fallback')).toBe('CIRCUIT_OPEN');
    expect(await readAll(reply)).toEqual([cached('a')]);
    expect(records).toMatchObject([
      {
        name: 'millrace.client.fallbacks',
        attributes: { reason: 'CIRCUIT_OPEN', 'rpc.method': PATH.slice(1) },
      },
    ]);
  });

  it('takes an answer that comes later', async () => {
    const { reply } = run(() => Promise.resolve(answerFor(kind)), failing(down), kind);
    expect(await readAll(reply)).toEqual([cached('a')]);
  });

  it('is answered by the service when that can', async () => {
    const { reply, records } = run(() => answerFor(kind), answering('a', 'b'), kind);
    expect((await reply).headers.get('millrace-fallback')).toBeUndefined();
    expect((await readAll(reply)).at(-1)).toBe('b');
    expect(records).toEqual([]);
  });

  it('fails as it did when the fallback has nothing', async () => {
    const { reply, records } = run(() => undefined, failing(down), kind);
    expect(await failureOf(reply)).toBe(down);
    expect(records).toEqual([]);
  });

  it('fails as the fallback does', async () => {
    const other = new RpcError(Code.NOT_FOUND, 'never heard of it');
    const { reply } = run(() => Promise.reject(other), failing(down), kind);
    expect(await failureOf(reply)).toBe(other);
  });
});

test.each(STREAMS)(
  'a %s call that opens and then fails before its first message is answered too',
  async (kind) => {
    const { reply } = run(
      () => [{}, {}],
      async (call) => replyTo(call, [], down),
      kind,
    );
    expect(await readAll(reply)).toEqual([create(GetOrderResponseSchema), create(GetOrderResponseSchema)]);
  },
);

test.each(STREAMS)('a %s call that has brought something fails as it does', async (kind) => {
  const { reply } = run(
    () => [{}],
    async (call) => replyTo(call, ['a'], down),
    kind,
  );
  expect(await failureOf(readAll(reply))).toBe(down);
});

test.each(STREAMS)('an endless fallback of a %s call ends when its reader leaves', async (kind) => {
  let left = false;
  async function* endless() {
    try {
      for (;;) yield {};
    } finally {
      left = true;
    }
  }
  const reply = await run(() => endless(), failing(down), kind).reply;
  if (reply.kind === 'many') for await (const _message of reply.messages) break;
  expect(left).toBe(true);
});

test.each([
  [Code.UNAVAILABLE, true],
  [Code.DEADLINE_EXCEEDED, true],
  [Code.INTERNAL, true],
  [Code.UNKNOWN, true],
  [Code.DATA_LOSS, true],
  [Code.RESOURCE_EXHAUSTED, true],
  [Code.ABORTED, true],
  [Code.UNIMPLEMENTED, true],
  [Code.CANCELLED, false],
  [Code.INVALID_ARGUMENT, false],
  [Code.NOT_FOUND, false],
  [Code.ALREADY_EXISTS, false],
  [Code.PERMISSION_DENIED, false],
  [Code.UNAUTHENTICATED, false],
  [Code.FAILED_PRECONDITION, false],
  [Code.OUT_OF_RANGE, false],
])('status %s gives a fallback its turn: %s', async (code, asks) => {
  const asked: string[] = [];
  const standIn: Fallback = (_call, error) => void asked.push(codeName(error.code));
  await failureOf(run(standIn, failing(new RpcError(code, 'no'))).reply);
  expect(asked).toEqual(asks ? [codeName(code)] : []);
});

test('what it is answered by is given the call', async () => {
  const { reply, call } = run((one) => (expect(one).toBe(call), {}), failing(down));
  expect(await readAll(reply)).toEqual([create(GetOrderResponseSchema)]);
});

test.each(KINDS)('a %s call of a method without one passes as it is', async (kind) => {
  const { call } = testCall({ side: 'client', kind });
  const reply = Promise.resolve(replyTo(call, ['fine']));
  expect(fallback({ fallbacks: { '/a.B/C': () => ({}) } })(call, () => reply)).toBe(reply);
});
