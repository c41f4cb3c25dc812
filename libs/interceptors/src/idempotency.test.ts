import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { beforeEach, describe, expect, it, test } from '@jest/globals';
import {
  describeService,
  OrderService,
  PlaceOrderRequestSchema,
  type PlaceOrderRequest,
} from '@millrace/contracts';
import {
  Code,
  compose,
  fieldViolations,
  NO_METADATA,
  RpcError,
  type Call,
  type Next,
  type Principal,
  type Reply,
  type RpcErrorInit,
} from '@millrace/rpc';
import { idempotency } from './idempotency.ts';
import type { Execution } from './idempotency/execution.ts';
import { answering, failureOf, readAll } from './testing/answers.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { KINDS, testCall, type TestCallOptions } from './testing/test-call.ts';

type Init = Exclude<MessageInitShape<typeof PlaceOrderRequestSchema>, PlaceOrderRequest>;

const { placeOrder, cancelOrder, getOrder } = describeService(OrderService).methods;
const alice: Principal = { subject: 'alice', tenant: 'shop', roles: ['customer'] };
const ORDER = {
  idempotencyKey: 'key-1',
  currencyCode: 'GBP',
  lines: [{ sku: 'MUG', quantity: 2, quotedUnitPrice: { currencyCode: 'GBP', amountMinor: 100n } }],
};

/** A call with its own message: over the wire no two share one. */
function place(change: Init = {}, options: TestCallOptions = {}) {
  const request = create(PlaceOrderRequestSchema, { ...ORDER, ...change });
  return testCall({
    ...(placeOrder && { method: placeOrder }),
    context: { principal: alice },
    request,
    ...options,
  });
}

/** A handler that is told when to end. */
class Handler {
  readonly runs: (PromiseWithResolvers<Reply> & { call: Call })[] = [];
  readonly next: Next = (call) => {
    const run = { call, ...Promise.withResolvers<Reply>() };
    this.runs.push(run);
    return run.promise;
  };

  answer(message: unknown, run = this.runs.length - 1): void {
    this.runs[run]?.resolve({ kind: 'one', message, headers: NO_METADATA, trailers: NO_METADATA });
  }

  fail(error: unknown, run = this.runs.length - 1): void {
    this.runs[run]?.reject(error);
  }
}

/** All that is due has happened. */
async function settled(): Promise<void> {
  await new Promise(setImmediate);
}

const cancelled = () => new RpcError(Code.CANCELLED, 'left');

let executions: Map<string, Execution>;
let clock: FakeClock;
let handler: Handler;
let serve: Next;
beforeEach(() => {
  executions = new Map();
  clock = new FakeClock();
  handler = new Handler();
  serve = compose([idempotency({ executions, clock })], handler.next);
});

describe('parallel duplicates', () => {
  it('run once, and each gets a reply of its own', async () => {
    const calls = Array.from({ length: 100 }, () => place());
    const replies = calls.map(({ call }) => serve(call));
    await settled();
    expect(handler.runs).toHaveLength(1);
    handler.answer('placed');
    const all = await Promise.all(replies);
    expect(new Set(all.map((reply) => reply.kind === 'one' && reply.message))).toEqual(new Set(['placed']));
    expect(new Set(all).size).toBe(100);
    expect(calls.map(({ cancellation }) => cancellation.listenerCount)).toEqual(calls.map(() => 0));
    expect(executions.size).toBe(0);
  });

  it('run again when they are not parallel: nothing is remembered', async () => {
    for (const message of ['first', 'second']) {
      const reply = serve(place().call);
      handler.answer(message);
      expect(await readAll(reply)).toEqual([message]);
    }
    expect(handler.runs).toHaveLength(2);
  });

  test.each([
    ['of another customer', { customerId: 'bob' }],
    ['of other lines', { lines: [{ sku: 'MUG', quantity: 3 }] }],
  ])('%s are another request and are refused at once', async (_what, change) => {
    const first = serve(place().call);
    const error = await failureOf(serve(place(change).call));
    expect(error).toMatchObject({
      code: Code.ALREADY_EXISTS,
      reason: 'IDEMPOTENCY_KEY_REUSED',
      sent: 'refused',
    });
    handler.answer('placed');
    expect(await readAll(first)).toEqual(['placed']);
    expect(executions.size).toBe(0);
  });

  test.each([
    ['another key', place({ idempotencyKey: 'key-2' })],
    ['another tenant', place({}, { context: { principal: { ...alice, tenant: 'other' } } })],
    ['another caller', place({}, { context: { principal: { ...alice, subject: 'bob' } } })],
    ['nobody known', place({}, { context: {} })],
    [
      'a name that reads alike',
      place({}, { context: { principal: { ...alice, tenant: 'shop 5', subject: '' } } }),
    ],
  ])('of %s know nothing of each other', async (_what, { call }) => {
    const replies = [serve(place().call), serve(call)];
    expect(handler.runs).toHaveLength(2);
    handler.answer('mine', 0);
    handler.answer('theirs', 1);
    expect(await Promise.all(replies.map(readAll))).toEqual([['mine'], ['theirs']]);
  });

  test.each([
    ['UNAVAILABLE', { retryDelayMs: 100 }],
    ['ABORTED', {}],
    ['FAILED_PRECONDITION', { reason: 'OUT_OF_STOCK' }],
    ['DEADLINE_EXCEEDED', {}],
  ] as [keyof typeof Code, RpcErrorInit][])('share a failure with %s, once', async (code, init) => {
    const replies = [1, 2, 3].map(() => failureOf(serve(place().call)));
    const error = new RpcError(Code[code], 'failed', init);
    handler.fail(error);
    expect(await Promise.all(replies)).toEqual([error, error, error]);
    expect(executions.size).toBe(0);
    const later = serve(place().call);
    handler.answer('placed');
    expect(await readAll(later)).toEqual(['placed']);
    expect(handler.runs).toHaveLength(2);
  });
});

describe('a caller that waits for another’s run', () => {
  it('leaves alone, and the others go on', async () => {
    const [first, leaving, staying] = [place(), place(), place()];
    const replies = [first, leaving, staying].map(({ call }) => serve(call));
    leaving.cancellation.cancel(cancelled());
    expect(await failureOf(replies[1]!)).toMatchObject({ code: Code.CANCELLED });
    expect(first.call.cancelled).toBeUndefined();
    handler.answer('placed');
    expect(await readAll(replies[0]!)).toEqual(['placed']);
    expect(await readAll(replies[2]!)).toEqual(['placed']);
    expect(handler.runs).toHaveLength(1);
  });

  it('runs itself when that one’s caller leaves, even if its handler never ends; the others wait on', async () => {
    const calls = Array.from({ length: 10 }, () => place());
    const replies = calls.map(({ call }) => serve(call));
    replies[0]?.catch(() => undefined);
    await settled();
    calls[0]?.cancellation.cancel(cancelled());
    await settled();
    expect(handler.runs.map(({ call }) => calls.findIndex((one) => one.call === call))).toEqual([0, 1]);
    handler.answer('placed', 1);
    expect(await Promise.all(replies.slice(1).map(readAll))).toEqual(Array(9).fill(['placed']));
    expect(executions.size).toBe(0);
    // What was left behind ends without a trace.
    handler.fail(cancelled(), 0);
    await failureOf(replies[0]!);
    expect(calls.every(({ cancellation }) => cancellation.listenerCount === 0)).toBe(true);
  });

  it('runs itself when that one fails for want of its caller’s time', async () => {
    const short = place({}, { deadlineMs: clock.now() + 1_000 });
    const long = place({}, { deadlineMs: clock.now() + 5_000 });
    const replies = [failureOf(serve(short.call)), readAll(serve(long.call))];
    clock.advance(995);
    handler.fail(new RpcError(Code.DEADLINE_EXCEEDED, 'no time left'));
    await settled();
    expect(handler.runs.map(({ call }) => call)).toEqual([short.call, long.call]);
    handler.answer('placed');
    expect(await replies[0]).toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    expect(await replies[1]).toEqual(['placed']);
    expect(executions.size).toBe(0);
  });

  it('does not run when it has left as well', async () => {
    const [first, second] = [place(), place()];
    const replies = [first, second].map(({ call }) => failureOf(serve(call)));
    await settled();
    for (const { cancellation } of [first, second]) cancellation.cancel(cancelled());
    handler.fail(cancelled());
    expect(await Promise.all(replies)).toMatchObject([{ code: Code.CANCELLED }, { code: Code.CANCELLED }]);
    expect(handler.runs).toHaveLength(1);
  });

  it('is not joined to a run whose caller has left', async () => {
    const first = place();
    void failureOf(serve(first.call));
    first.cancellation.cancel(cancelled());
    const second = serve(place().call);
    expect(handler.runs).toHaveLength(2);
    handler.fail(cancelled(), 0);
    await settled();
    const third = serve(place().call);
    handler.answer('placed', 1);
    expect(await Promise.all([second, third].map(readAll))).toEqual([['placed'], ['placed']]);
    expect(handler.runs).toHaveLength(2);
  });
});

describe('the key', () => {
  test.each(['', ' ', 'a b', 'a\n', '\0', '\u200b', '\ud800', 'k'.repeat(129)])(
    '%j is refused by its name',
    async (idempotencyKey) => {
      const error = (await failureOf(serve(place({ idempotencyKey }).call))) as RpcError;
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT });
      expect(fieldViolations(error)).toMatchObject([{ field: 'idempotency_key' }]);
      expect(handler.runs).toHaveLength(0);
    },
  );

  test.each(['k', '0b6e9f0a-1d2c-4b3a-9f8e-7d6c5b4a3f2e', 'Größe=😀', '😀'.repeat(128), '__proto__'])(
    '%s is good',
    async (idempotencyKey) => {
      void serve(place({ idempotencyKey }).call);
      expect(handler.runs).toHaveLength(1);
    },
  );
});

describe('calls without a key', () => {
  test.each(KINDS)('of kind %s pass', async (kind) => {
    const policy = { idempotency: 'idempotent' } as const;
    const next = answering('fine');
    expect(await readAll(idempotency()(testCall({ kind, policy }).call, next))).toEqual(['fine']);
    expect(next.calls).toHaveLength(1);
  });

  test.each([
    ['that only reads', getOrder],
    ['without the field', cancelOrder],
    [
      'that is not idempotent',
      placeOrder && { ...placeOrder, policy: { ...placeOrder.policy, idempotency: 'unknown' } as const },
    ],
  ])('to a method %s pass', async (_what, method) => {
    const calls = [1, 2].map(() => place({ idempotencyKey: '' }, { ...(method && { method }) }).call);
    for (const call of calls) void serve(call);
    expect(handler.runs.map(({ call }) => call)).toEqual(calls);
    expect(executions.size).toBe(0);
  });
});
