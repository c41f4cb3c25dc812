import { context as otel, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, beforeAll, describe, expect, it, test } from '@jest/globals';
import { Code, NO_METADATA, RpcError, type Next } from '@millrace/rpc';
import { answering, failureOf, readAll, replyTo } from './testing/answers.ts';
import { fakeTelemetry, type RecordedSpan } from './testing/fake-telemetry.ts';
import { KINDS, testCall } from './testing/test-call.ts';
import { tracing } from './tracing.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${spanId}-01`;
const SIDES = ['server', 'client'] as const;
const EVERY = SIDES.flatMap((side) => KINDS.map((kind) => ({ side, kind })));

describe('tracing without telemetry', () => {
  test.each(KINDS)('a %s call passes its caller’s trace on', async (kind) => {
    const next = answering('fine');
    const { call } = testCall({ kind, metadata: { traceparent, tracestate: 'a=1' } });
    await readAll(tracing()(call, next));
    expect(next.calls[0]?.context.trace).toMatchObject({ traceId, spanId });
    const outbound = answering('fine');
    const context = { trace: next.calls[0]?.context.trace };
    await readAll(tracing()(testCall({ side: 'client', kind, context }).call, outbound));
    expect(outbound.calls[0]?.metadata.get('traceparent')).toBe(traceparent);
    expect(outbound.calls[0]?.metadata.get('tracestate')).toBe('a=1');
  });

  test.each(EVERY)(
    'a $kind call on the $side gets a trace of its own where there is none',
    async ({ side, kind }) => {
      const next = answering('fine');
      for (let count = 0; count < 2; count++) await readAll(tracing()(testCall({ side, kind }).call, next));
      const ids = next.calls.map((call) => call.context.trace?.traceId);
      expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
      expect(ids[0]).not.toBe(ids[1]);
    },
  );

  test.each([
    [''],
    ['nonsense'],
    [`00-${'0'.repeat(32)}-${spanId}-01`],
    [`00-${traceId}-${'0'.repeat(16)}-01`],
    [`ff-${traceId}-${spanId}-01`],
    [`00-${traceId.toUpperCase()}-${spanId}-01`],
    [`00-${traceId}-${spanId}-01-more`],
    [`00-${traceId}-${spanId}`],
    [`00-${traceId}-${spanId}-0g`],
    [`${traceparent}, ${traceparent}`],
    [`${traceparent}\n`],
    ['0'.repeat(100_000)],
  ])('ignores the traceparent %j', async (hostile) => {
    const next = answering('fine');
    await readAll(tracing()(testCall({ metadata: { traceparent: hostile } }).call, next));
    expect(next.calls[0]?.context.trace?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(next.calls[0]?.context.trace?.traceId).not.toBe(traceId);
  });

  test.each([['=,=;;'], ['a'.repeat(513)], ['a=\u0007']])('ignores the tracestate %j', async (tracestate) => {
    const next = answering('fine');
    await readAll(tracing()(testCall({ metadata: { traceparent, tracestate } }).call, next));
    expect(next.calls[0]?.context.trace?.traceState?.serialize() ?? '').toBe('');
  });

  it('reads a traceparent of a later version', async () => {
    const next = answering('fine');
    const later = `01-${traceId}-${spanId}-01-more`;
    await readAll(tracing()(testCall({ metadata: { traceparent: later } }).call, next));
    expect(next.calls[0]?.context.trace?.traceId).toBe(traceId);
  });
});

describe('tracing with telemetry', () => {
  let spans: RecordedSpan[];
  beforeAll(() => void ({ spans } = fakeTelemetry()));
  afterEach(() => void spans.splice(0));

  test.each(EVERY)('a $kind call on the $side is one span', async ({ side, kind }) => {
    const { call } = testCall({ side, kind, peer: '10.0.0.9:1' });
    await readAll(tracing()(call, answering('fine')));
    expect(spans).toMatchObject([
      {
        name: 'shop.order.v1.OrderService/GetOrder',
        options: { kind: side === 'server' ? SpanKind.SERVER : SpanKind.CLIENT },
        parent: undefined,
        attributes: {
          'rpc.system.name': 'grpc',
          'rpc.method': 'shop.order.v1.OrderService/GetOrder',
          'rpc.status_code': 'OK',
          [side === 'server' ? 'client.address' : 'server.address']: '10.0.0.9:1',
        },
        status: undefined,
        ends: 1,
      },
    ]);
  });

  test.each(EVERY)('a $kind call on the $side that fails says so', async ({ side, kind }) => {
    const error = new RpcError(Code.UNAVAILABLE, 'no', { reason: 'GONE' });
    await failureOf(
      readAll(tracing()(testCall({ side, kind }).call, async (call) => replyTo(call, [], error))),
    );
    expect(spans).toMatchObject([
      {
        attributes: { 'rpc.status_code': 'UNAVAILABLE', 'error.type': 'UNAVAILABLE' },
        status: { code: SpanStatusCode.ERROR },
        ends: 1,
      },
    ]);
  });

  it('does not call a wrong request the server’s error', async () => {
    const error = new RpcError(Code.NOT_FOUND, 'no');
    for (const side of SIDES)
      await failureOf(tracing()(testCall({ side }).call, () => Promise.reject(error)));
    expect(spans.map(({ status }) => status?.code)).toEqual([undefined, SpanStatusCode.ERROR]);
  });

  test.each(KINDS)(
    'what a %s handler does hangs below its call, and that below the caller’s',
    async (kind) => {
      const inside: Next = async (call) => {
        const work = () => trace.getTracer('user').startSpan('work').end();
        if (kind === 'unary' || kind === 'clientStream') work();
        async function* messages() {
          await Promise.resolve();
          work();
          yield 'fine';
        }
        const stream = { kind: 'many', messages: messages(), headers: NO_METADATA } as const;
        return kind === 'unary' || kind === 'clientStream'
          ? replyTo(call, ['fine'])
          : { ...stream, trailers: Promise.resolve(NO_METADATA) };
      };
      await readAll(tracing()(testCall({ kind, metadata: { traceparent } }).call, inside));
      const [served, work] = spans;
      expect(served?.parent).toMatchObject({ traceId, spanId, isRemote: true });
      expect(work).toMatchObject({ name: 'work', parent: served?.context });
    },
  );

  it('an outbound call hangs below the span its caller opened within the request', async () => {
    const next: Next = async (call) => {
      const own = trace.getTracer('user').startSpan('own');
      const outbound = testCall({ side: 'client', context: { trace: call.context.trace } }).call;
      await otel.with(trace.setSpan(otel.active(), own), () => tracing()(outbound, answering('fine')));
      return replyTo(call, ['fine']);
    };
    await tracing()(testCall().call, next);
    const [, own, sent] = spans;
    expect(sent?.parent?.spanId).toBe(own?.context.spanId);
  });

  it('an outbound call of a detached context does not join whatever span is active', async () => {
    const stray = trace.getTracer('user').startSpan('stray');
    const { call } = testCall({ side: 'client', context: { trace: { traceId, spanId, traceFlags: 1 } } });
    await otel.with(trace.setSpan(otel.active(), stray), () => tracing()(call, answering('fine')));
    expect(spans[1]?.parent).toMatchObject({ traceId, spanId });
  });

  it('names its span to the next hop', async () => {
    const next = answering('fine');
    await tracing()(testCall({ side: 'client', metadata: { traceparent: 'old' } }).call, next);
    const { traceId: id, spanId: span } = spans[0]?.context ?? {};
    expect(next.calls[0]?.metadata.get('traceparent')).toBe(`00-${id}-${span}-01`);
    expect(next.calls[0]?.context.trace?.spanId).toBe(span);
  });

  it('ends the span of a stream whose reader leaves', async () => {
    const reply = await tracing()(testCall({ kind: 'serverStream' }).call, answering('a', 'b'));
    if (reply.kind === 'many') for await (const _message of reply.messages) break;
    expect(spans).toMatchObject([{ ends: 1, attributes: { 'rpc.status_code': 'CANCELLED' } }]);
  });

  test.each([['SHUTTING_DOWN'], ['MAX_AGE']])(
    'says of a call that ended by %s that it was drained',
    async (reason) => {
      const error = new RpcError(Code.UNAVAILABLE, 'later', { reason });
      for (const { side, kind } of EVERY)
        await failureOf(
          readAll(tracing()(testCall({ side, kind }).call, async (call) => replyTo(call, [], error))),
        );
      expect(spans.map(({ events }) => events)).toEqual(EVERY.map(() => ['drain']));
    },
  );

  describe('when the caller records nothing', () => {
    const unsampled = { traceId, spanId, traceFlags: 0 };
    const caller = { metadata: { traceparent: `00-${traceId}-${spanId}-00` }, context: { trace: unsampled } };

    test.each(EVERY)(
      'a $kind call on the $side goes on in its trace without a span',
      async ({ side, kind }) => {
        const next = answering('fine');
        await readAll(tracing()(testCall({ side, kind, ...caller }).call, next));
        expect(spans).toEqual([]);
        expect(next.calls[0]?.context.trace).toMatchObject(unsampled);
        expect(next.calls[0]?.metadata.get('traceparent')).toBe(caller.metadata.traceparent);
      },
    );

    test.each(EVERY)(
      'a $kind call on the $side is one span where the sampler decides anew',
      async ({ side, kind }) => {
        await readAll(
          tracing({ parentBased: false })(testCall({ side, kind, ...caller }).call, answering('fine')),
        );
        expect(spans).toMatchObject([{ parent: { traceId, spanId }, ends: 1 }]);
      },
    );

    it('what a handler starts by other instrumentation knows it', async () => {
      const parents: unknown[] = [];
      await tracing()(testCall(caller).call, async (call) => {
        parents.push(trace.getActiveSpan()?.spanContext());
        return replyTo(call, ['fine']);
      });
      expect(parents).toMatchObject([unsampled]);
    });

    test.each([
      ['', 0],
      ['parentbased_traceidratio', 0],
      ['traceidratio', 1],
      ['always_on', 1],
    ])('OTEL_TRACES_SAMPLER=%s asks the SDK %i times', async (sampler, asked) => {
      const before = process.env['OTEL_TRACES_SAMPLER'];
      process.env['OTEL_TRACES_SAMPLER'] = sampler;
      try {
        await tracing()(testCall(caller).call, answering('fine'));
      } finally {
        if (before === undefined) delete process.env['OTEL_TRACES_SAMPLER'];
        else process.env['OTEL_TRACES_SAMPLER'] = before;
      }
      expect(spans).toHaveLength(asked);
    });
  });
});
