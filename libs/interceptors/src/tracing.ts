import {
  context as otel,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  TraceFlags,
  type Attributes,
  type Span,
  type SpanContext,
} from '@opentelemetry/api';
import { mergeMetadata, type Call, type Interceptor, type Next, type Reply } from '@millrace/rpc';
import { rpcAttributes } from './rpc-attributes.ts';
import { newTraceContext, readTraceContext, writeTraceContext } from './trace-context.ts';
import { recorded } from './tracing/recorded.ts';
import { spanContext } from './tracing/span-context.ts';

/** Options of {@link tracing}. */
export interface TracingOptions {
  /**
   * Whether the sampler is parent-based: a call whose caller records nothing records nothing either, and the SDK is not even asked.
   * Default: yes, as the SDK's own default is, unless OTEL_TRACES_SAMPLER names another kind. For a sampler made in code that decides
   * anew at each span: false.
   */
  readonly parentBased?: boolean;
}

const tracer = trace.getTracer('@millrace/interceptors');

function isParentBased(): boolean {
  return (process.env['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on').startsWith('parentbased_');
}

/** The caller's span; on the client the innermost one of the request at hand, which may be one that its code opened. */
function parentOf(call: Call): SpanContext | undefined {
  if (call.side === 'server') return readTraceContext(call.metadata);
  const active = trace.getActiveSpan()?.spanContext();
  const { trace: ours } = call.context;
  return active && (!ours || active.traceId === ours.traceId) ? active : ours;
}

function attributesOf({ method, side, peer }: Call): Attributes {
  const attributes = rpcAttributes(method);
  if (!peer) return attributes;
  return { ...attributes, [side === 'client' ? 'server.address' : 'client.address']: peer };
}

function startSpan(call: Call, parent: SpanContext | undefined): Span {
  const above = parent ? spanContext(parent) : ROOT_CONTEXT;
  const kind = call.side === 'server' ? SpanKind.SERVER : SpanKind.CLIENT;
  return tracer.startSpan(call.method.path.slice(1), { kind, attributes: attributesOf(call) }, above);
}

/** The call as those behind see it: in this span, and on the client with its name for the next hop. */
function within(call: Call, span: SpanContext): Call {
  const context = call.context.trace === span ? call.context : call.context.with({ trace: span });
  if (call.side === 'server') return call.with({ context });
  return call.with({ context, metadata: mergeMetadata(call.metadata, writeTraceContext(span)) });
}

/**
 * A call of which nothing is recorded: its trace goes on, and that is all. What a handler starts by other instrumentation must know
 * that nothing is recorded, so it runs in the span; below a client's call there is nobody to know.
 */
function passedOn(call: Call, next: Next, span: SpanContext): Promise<Reply> {
  const traced = within(call, span);
  if (call.side === 'client') return next(traced);
  return otel.with(spanContext(span), next, undefined, traced);
}

/**
 * A span for each call, server or client by its side, in the caller's trace; W3C trace context in and out. What the call's
 * context carries on (outbound calls, logs, events) shares the trace, with telemetry off too: then the ids are passed on, or
 * made where there are none. Calls that nobody records cost next to nothing.
 */
export function tracing({ parentBased = isParentBased() }: TracingOptions = {}): Interceptor {
  return (call, next) => {
    const parent = parentOf(call);
    if (parent && parentBased && !(parent.traceFlags & TraceFlags.SAMPLED))
      return passedOn(call, next, parent);
    const span = startSpan(call, parent);
    const made = span.spanContext();
    if (span.isRecording()) return recorded(within(call, made), next, span);
    // Without an SDK the span is its parent, or nothing.
    return passedOn(call, next, isSpanContextValid(made) ? made : newTraceContext());
  };
}
