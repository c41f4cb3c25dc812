import type { IncomingHttpHeaders } from 'node:http';
import {
  isSpanContextValid,
  metrics,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type SpanContext,
} from '@opentelemetry/api';
import { newTraceContext, readTraceContext, writeTraceContext } from '@millrace/interceptors';
import { createMetadata, type MetadataInit } from '@millrace/rpc';

/** One HTTP request in its trace. */
export interface RequestSpan {
  readonly traceId: string;
  /** Links the rpc's span below this one. */
  readonly metadata: MetadataInit;
  /** Names the span by the path's template, never by the path: that has no end of values. */
  setRoute(template: string): void;
  end(status: number): void;
}

/** Begins a span for a request, in the trace that its traceparent names or a new one. */
export type StartRequestSpan = (verb: string, headers: IncomingHttpHeaders) => RequestSpan;

const one = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined);

function callerOf({ traceparent, tracestate }: IncomingHttpHeaders): SpanContext | undefined {
  return readTraceContext(createMetadata({ traceparent: one(traceparent), tracestate: one(tracestate) }));
}

/** Makes spans and durations by OpenTelemetry's HTTP conventions. With telemetry off there are trace ids all the same. */
export function createRequestSpans(): StartRequestSpan {
  const tracer = trace.getTracer('@millrace/gateway');
  const durations = metrics.getMeter('@millrace/gateway').createHistogram('http.server.request.duration', {
    unit: 's',
    description: 'How long HTTP requests took, event streams included',
  });
  return (verb, headers) => {
    const startMs = performance.now();
    const caller = callerOf(headers);
    const labels: Record<string, string | number> = { 'http.request.method': verb, 'url.scheme': 'http' };
    const above = caller ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT;
    const span = tracer.startSpan(verb, { kind: SpanKind.SERVER, attributes: labels }, above);
    const ids = isSpanContextValid(span.spanContext()) ? span.spanContext() : newTraceContext();
    return {
      traceId: ids.traceId,
      metadata: writeTraceContext(ids),
      setRoute(template) {
        labels['http.route'] = template;
        span.updateName(`${verb} ${template}`);
      },
      end(status) {
        labels['http.response.status_code'] = status;
        if (status >= 500) labels['error.type'] = String(status);
        span.setAttributes(labels).end();
        durations.record((performance.now() - startMs) / 1000, labels);
      },
    };
  };
}
