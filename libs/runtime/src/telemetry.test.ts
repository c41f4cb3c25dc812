import { metrics, propagation, ROOT_CONTEXT, trace, context } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTelemetry, type Telemetry } from './telemetry.ts';

describe('startTelemetry without an exporter', () => {
  let telemetry: Telemetry;
  beforeAll(async () => {
    telemetry = await startTelemetry({ service: 'order', version: '1.2.3', env: 'test' });
  });
  afterAll(() => telemetry.shutdown());

  test('gives the metrics as text, without a port of its own', async () => {
    metrics.getMeter('test').createCounter('orders.placed').add(3, { kind: 'http' });
    const text = await telemetry.metricsText();
    expect(text).toMatch(/^orders_placed(_total)?\{kind="http".*\} 3$/m);
    expect(text).toMatch(/^target_info\{.*service_name="order",service_version="1\.2\.3"/m);
  });

  test('spans have ids that survive an await and travel as W3C trace context', async () => {
    const carrier: Record<string, string> = {};
    await trace.getTracer('test').startActiveSpan('outer', async (outer) => {
      await new Promise(setImmediate);
      expect(trace.getActiveSpan()).toBe(outer);
      propagation.inject(context.active(), carrier);
      expect(carrier.traceparent).toBe(`00-${outer.spanContext().traceId}-${outer.spanContext().spanId}-00`);
      outer.end();
    });
    const remote = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
    expect(carrier.traceparent).toContain(remote?.traceId);
  });

  test('a caller that records makes us record too', () => {
    const parent = {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: 1,
      isRemote: true,
    };
    const span = trace.getTracer('test').startSpan('in', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
    expect(span.spanContext()).toMatchObject({ traceId: parent.traceId, traceFlags: 1 });
    span.end();
  });
});
