import type { IncomingHttpHeaders } from 'node:http';
import { isSpanContextValid, metrics, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
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

const one = (value: string | string[] | undefined) => (typeof value === 'string' ? value : undefined);

/**
 * Begins a span for a request, in the trace that its traceparent names or a new one. With telemetry off there is a trace id
 * all the same.
 */
export function startRequestSpan(verb: string, headers: IncomingHttpHeaders): RequestSpan {
  const startMs = performance.now();
  const { traceparent, tracestate } = headers;
  const caller = readTraceContext(
    createMetadata({ traceparent: one(traceparent), tracestate: one(tracestate) }),
  );
  const above = caller ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT;
  const attributes = { 'http.request.method': verb, 'url.scheme': 'http' };
  const span = trace
    .getTracer('@millrace/gateway')
    .startSpan(verb, { kind: SpanKind.SERVER, attributes }, above);
  const ids = isSpanContextValid(span.spanContext()) ? span.spanContext() : newTraceContext();
  const labels: Record<string, string | number> = { ...attributes };
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
      const duration = metrics.getMeter('@millrace/gateway').createHistogram('http.server.request.duration', {
        unit: 's',
        description: 'How long HTTP requests took, event streams included',
      });
      duration.record((performance.now() - startMs) / 1000, labels);
    },
  };
}
