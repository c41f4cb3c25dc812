import {
  context as otel,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context as OtelContext,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import {
  codeName,
  mergeMetadata,
  onFinished,
  type Call,
  type Interceptor,
  type Reply,
  type RpcError,
} from '@millrace/rpc';
import { rpcAttributes, RPC_STATUS_CODE } from './rpc-attributes.ts';
import { isServerFault } from './server-fault.ts';
import { newTraceContext, readTraceContext, writeTraceContext } from './trace-context.ts';

const tracer = trace.getTracer('@millrace/interceptors');

/** The caller's span; on the client the innermost one of the request at hand, which may be one that its code opened. */
function parentOf(call: Call): SpanContext | undefined {
  if (call.side === 'server') return readTraceContext(call.metadata);
  const active = trace.getActiveSpan()?.spanContext();
  const { trace: ours } = call.context;
  return active && (!ours || active.traceId === ours.traceId) ? active : ours;
}

function attributesOf({ method, side, peer }: Call): Attributes {
  const address = side === 'client' ? 'server.address' : 'client.address';
  return { ...rpcAttributes(method), ...(peer && { [address]: peer }) };
}

function endSpan(span: Span, call: Call, error: RpcError | undefined): void {
  span.setAttribute(RPC_STATUS_CODE, error ? codeName(error.code) : 'OK');
  if (error && (call.side === 'client' || isServerFault(error.code))) {
    span.setAttribute('error.type', codeName(error.code));
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.reason });
  }
  span.end();
}

/** An async generator runs in the context of whoever pulls it, so each pull is made in the span's. */
function pulledIn(active: OtelContext, messages: AsyncIterable<unknown>): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const inner = messages[Symbol.asyncIterator]();
      return {
        next: () => otel.with(active, () => inner.next()),
        return: (value: unknown) =>
          otel.with(active, () => inner.return?.(value) ?? Promise.resolve({ done: true, value })),
      };
    },
  };
}

async function runIn(active: OtelContext, work: () => Promise<Reply>): Promise<Reply> {
  const reply = await otel.with(active, work);
  return reply.kind === 'one' ? reply : { ...reply, messages: pulledIn(active, reply.messages) };
}

/**
 * A span for each call, server or client by its side, in the caller's trace; W3C trace context in and out. What the call's
 * context carries on (outbound calls, logs, events) shares the trace, with telemetry off too: then the ids are passed on, or
 * made where there are none.
 */
export function tracing(): Interceptor {
  return (call, next) => {
    const kind = call.side === 'server' ? SpanKind.SERVER : SpanKind.CLIENT;
    const parent = parentOf(call);
    const above = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
    const name = call.method.path.slice(1);
    const made = tracer.startSpan(name, { kind, attributes: attributesOf(call) }, above);
    // Without an SDK the span is its parent, or nothing.
    const span = isSpanContextValid(made.spanContext()) ? made : trace.wrapSpanContext(newTraceContext());
    const active = trace.setSpan(call.side === 'server' ? above : otel.active(), span);
    const traced = call.with({
      context: call.context.with({ trace: span.spanContext() }),
      ...(call.side === 'client' && {
        metadata: mergeMetadata(call.metadata, writeTraceContext(span.spanContext())),
      }),
    });
    const reply = runIn(active, () => next(traced));
    return span.isRecording() ? onFinished(reply, (error) => endSpan(span, call, error)) : reply;
  };
}
