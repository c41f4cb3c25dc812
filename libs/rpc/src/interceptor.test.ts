import { expect, test } from '@jest/globals';
import { describeService, type Method } from '@millrace/contracts';
import { EchoService } from '@millrace/contracts/testing';
import { Call } from './call.ts';
import { Cancellation } from './cancellation.ts';
import { Context } from './context.ts';
import { asRpcError, compose, onFinished, type Interceptor, type Reply } from './interceptor.ts';
import { NO_METADATA } from './metadata.ts';
import { Code, RpcError } from './status.ts';

const ONE: Reply = { kind: 'one', message: 'hello', headers: NO_METADATA, trailers: NO_METADATA };
const { echo } = describeService(EchoService).methods;

function many(messages: AsyncIterable<unknown>): Reply {
  return { kind: 'many', messages, headers: NO_METADATA, trailers: Promise.resolve(NO_METADATA) };
}

function callOfEcho(): Call {
  return new Call(
    { side: 'client', method: echo as Method, cancellation: new Cancellation() },
    {
      request: 'a',
      requests: undefined,
      metadata: NO_METADATA,
      deadlineMs: 5,
      attempt: 0,
      context: new Context(),
    },
  );
}

/** The messages and the ends that are reported while they are read. */
async function readAll(reply: Reply, ends: unknown[]): Promise<unknown[]> {
  const watched = await onFinished(Promise.resolve(reply), (error) => ends.push(error));
  if (watched.kind === 'one') return [watched.message];
  return Array.fromAsync(watched.messages);
}

test('an interceptor that throws at once rejects like any other', async () => {
  const ends: unknown[] = [];
  const watching: Interceptor = (call, next) => onFinished(next(call), (error) => ends.push(error));
  const throwing: Interceptor = () => {
    throw new RpcError(Code.NOT_FOUND, 'nothing here');
  };
  const chain = compose([watching, throwing], () => Promise.resolve(ONE));
  await expect(chain(callOfEcho())).rejects.toMatchObject({ code: Code.NOT_FOUND });
  expect(ends).toMatchObject([{ code: Code.NOT_FOUND }]);
});

test('the first interceptor is the outermost', async () => {
  const order: string[] = [];
  const named =
    (name: string): Interceptor =>
    async (call, next) => {
      order.push(`${name} in`);
      const reply = await next(call);
      order.push(`${name} out`);
      return reply;
    };
  await compose([named('a'), named('b')], () => Promise.resolve(ONE))(callOfEcho());
  expect(order).toEqual(['a in', 'b in', 'b out', 'a out']);
});

test('a changed copy of a call shares its end and its identity', () => {
  const call = callOfEcho();
  const copy = call.with({ attempt: 1, request: 'b' });
  expect([copy.attempt, copy.request, copy.deadlineMs, copy.kind]).toEqual([1, 'b', 5, 'unary']);
  expect(copy.identity).toBe(call.identity);
  const why = new RpcError(Code.CANCELLED, 'enough');
  copy.cancel(why);
  expect([call.cancelled, call.signal.reason]).toEqual([why, why]);
});

test('a reply of one message is finished when it is there', async () => {
  const ends: unknown[] = [];
  expect(await readAll(ONE, ends)).toEqual(['hello']);
  expect(ends).toEqual([undefined]);
});

test('a failure is passed on as it was and reported as an RpcError', async () => {
  const ends: (RpcError | undefined)[] = [];
  const error = new TypeError('secret');
  await expect(onFinished(Promise.reject(error), (end) => ends.push(end))).rejects.toBe(error);
  expect(ends).toMatchObject([{ code: Code.INTERNAL, message: 'internal error', cause: error }]);
});

test('a stream is finished after its last message', async () => {
  const ends: unknown[] = [];
  async function* messages(): AsyncIterable<number> {
    yield 1;
    expect(ends).toEqual([]);
    yield 2;
  }
  expect(await readAll(many(messages()), ends)).toEqual([1, 2]);
  expect(ends).toEqual([undefined]);
});

test('a stream is finished by its failure, once', async () => {
  const ends: unknown[] = [];
  const error = new RpcError(Code.DATA_LOSS, 'torn');
  async function* messages(): AsyncIterable<number> {
    yield 1;
    throw error;
  }
  await expect(readAll(many(messages()), ends)).rejects.toBe(error);
  expect(ends).toEqual([error]);
});

test('a stream is finished when its reader leaves, and its source hears of it', async () => {
  const ends: (RpcError | undefined)[] = [];
  let closed = false;
  async function* messages(): AsyncIterable<number> {
    try {
      for (;;) yield 1;
    } finally {
      closed = true;
    }
  }
  const reply = await onFinished(Promise.resolve(many(messages())), (error) => ends.push(error));
  if (reply.kind === 'many') for await (const _ of reply.messages) break;
  expect(ends).toMatchObject([{ code: Code.CANCELLED }]);
  expect(closed).toBe(true);
});

test('an RpcError stays itself', () => {
  const error = new RpcError(Code.NOT_FOUND, 'gone');
  expect(asRpcError(error)).toBe(error);
  expect(asRpcError('text')).toMatchObject({ code: Code.INTERNAL, message: 'internal error', cause: 'text' });
});
