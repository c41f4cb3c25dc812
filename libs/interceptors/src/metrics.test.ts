import { describe, expect, it, test } from '@jest/globals';
import { Code, RpcError } from '@millrace/rpc';
import { metrics } from './metrics.ts';
import { readAll, replyTo } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { fakeMeter } from './testing/fake-meter.ts';
import { KINDS, testCall } from './testing/test-call.ts';

const SIDES = ['server', 'client'] as const;
const EVERY = SIDES.flatMap((side) => KINDS.map((kind) => ({ side, kind })));
const METHOD = { 'rpc.system.name': 'grpc', 'rpc.method': 'shop.order.v1.OrderService/GetOrder' };

function rig() {
  const { meter, records, observe } = fakeMeter();
  const clock = new FakeClock();
  const of = (name: string) => records.filter((record) => record.name === name);
  return { of, observe, clock, interceptor: metrics({ meter, clock }) };
}

test.each(EVERY)('a $kind call on the $side is counted once, when it is over', async ({ side, kind }) => {
  const { of, clock, interceptor } = rig();
  for (const error of [undefined, new RpcError(Code.UNAVAILABLE, 'no'), new RpcError(Code.NOT_FOUND, 'no')]) {
    const { call } = testCall({ side, kind });
    const reply = interceptor(call, async (inner) => {
      clock.advance(250);
      return replyTo(inner, ['fine'], error);
    });
    await readAll(reply).catch(() => undefined);
  }
  const name = `rpc.${side}.call.duration`;
  const failed = (status: string) => ({ 'rpc.status_code': status, 'error.type': status });
  const notFound = side === 'client' ? failed('NOT_FOUND') : { 'rpc.status_code': 'NOT_FOUND' };
  expect(of(name)).toEqual([
    { name, value: 0.25, attributes: { ...METHOD, 'rpc.status_code': 'OK' } },
    { name, value: 0.25, attributes: { ...METHOD, ...failed('UNAVAILABLE') } },
    { name, value: 0.25, attributes: { ...METHOD, ...notFound } },
  ]);
});

test.each(EVERY)('a $kind call on the $side is active until it is over', async ({ side, kind }) => {
  const { observe, interceptor } = rig();
  const active = () => observe().find(({ name }) => name === `millrace.${side}.calls.active`);
  expect(active()).toBeUndefined();
  const { call } = testCall({ side, kind });
  const answer = Promise.withResolvers<void>();
  const reply = interceptor(call, async (inner) => {
    await answer.promise;
    return replyTo(inner, ['fine']);
  });
  expect(active()).toMatchObject({ value: 1, attributes: METHOD });
  answer.resolve();
  await readAll(reply);
  expect(active()).toMatchObject({ value: 0 });
});

describe.each(SIDES)('on the %s', (side) => {
  const [of, to] = side === 'client' ? ['transmit', 'receive'] : ['receive', 'transmit'];

  test.each([
    ['unary', []],
    ['clientStream', [[3, of]]],
    ['serverStream', [[2, to]]],
    [
      'bidi',
      [
        [3, of],
        [2, to],
      ],
    ],
  ] as const)('the messages of a %s call are counted each way', async (kind, expected) => {
    for (const error of [undefined, new RpcError(Code.UNAVAILABLE, 'no')]) {
      const rigged = rig();
      const { call } = testCall({ side, kind, requests: [1, 2, 3] });
      const reply = rigged.interceptor(call, async (inner) => {
        if (inner.requests) for await (const _request of inner.requests);
        return replyTo(inner, ['a', 'b'], error);
      });
      await readAll(reply).catch(() => undefined);
      const name = `millrace.${side}.stream.messages`;
      expect(rigged.of(name)).toEqual(
        expected.map(([value, direction]) => ({
          name,
          value,
          attributes: { ...METHOD, 'network.io.direction': direction },
        })),
      );
    }
  });

  it('records what a stream has carried each way, in bytes', async () => {
    const rigged = rig();
    const { call } = testCall({ side, kind: 'bidi' });
    const reply = rigged.interceptor(call, async (inner) => {
      inner.traffic.sentBytes += 70;
      inner.traffic.receivedBytes += 9;
      return replyTo(inner, ['a']);
    });
    await readAll(reply);
    expect(rigged.of(`millrace.${side}.stream.bytes`)).toMatchObject([
      { value: 70, attributes: { 'network.io.direction': 'transmit' } },
      { value: 9, attributes: { 'network.io.direction': 'receive' } },
    ]);
  });

  it('counts what was read when the reader leaves', async () => {
    const rigged = rig();
    const { call } = testCall({ side, kind: 'serverStream' });
    const reply = await rigged.interceptor(call, async (inner) => replyTo(inner, ['a', 'b', 'c']));
    if (reply.kind === 'many') for await (const _message of reply.messages) break;
    expect(rigged.of(`millrace.${side}.stream.messages`)).toMatchObject([{ value: 1 }]);
    expect(rigged.of(`rpc.${side}.call.duration`)).toMatchObject([
      { attributes: { 'rpc.status_code': 'CANCELLED' } },
    ]);
  });
});
