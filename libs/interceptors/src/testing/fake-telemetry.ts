import { AsyncLocalStorage } from 'node:async_hooks';
import {
  context,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type ContextManager,
  type Span,
  type SpanContext,
  type SpanOptions,
  type SpanStatus,
} from '@opentelemetry/api';

/** A span as it was made and ended. */
export interface RecordedSpan {
  readonly name: string;
  readonly options: SpanOptions;
  readonly parent: SpanContext | undefined;
  readonly context: SpanContext;
  readonly attributes: Attributes;
  readonly events: string[];
  status: SpanStatus | undefined;
  ends: number;
}

function createSpan(record: RecordedSpan): Span {
  const span: Span = {
    spanContext: () => record.context,
    setAttribute: (key, value) => {
      if (value !== undefined) record.attributes[key] = value;
      return span;
    },
    setAttributes: (attributes) => {
      Object.assign(record.attributes, attributes);
      return span;
    },
    addEvent: (name) => {
      record.events.push(name);
      return span;
    },
    addLink: () => span,
    addLinks: () => span,
    setStatus: (status) => {
      record.status = status;
      return span;
    },
    updateName: () => span,
    end: () => void record.ends++,
    isRecording: () => record.ends === 0,
    recordException: () => undefined,
  };
  return span;
}

function contextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, ...[thisArg, ...args]) => storage.run(active, () => fn.apply(thisArg, args)),
    bind: (_active, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

/** Registers an SDK, for the rest of the test file, that keeps every span. */
export function fakeTelemetry(): { spans: RecordedSpan[] } {
  const spans: RecordedSpan[] = [];
  const startSpan = (name: string, options: SpanOptions = {}, from: Context = context.active()) => {
    const parent = trace.getSpanContext(from);
    const spanId = String(spans.length + 1).padStart(16, '0');
    const traceId = parent?.traceId ?? String(spans.length + 1).padStart(32, '0');
    const record: RecordedSpan = {
      name,
      options,
      parent,
      context: {
        traceId,
        spanId,
        traceFlags: parent?.traceFlags ?? 1,
        ...(parent?.traceState && { traceState: parent.traceState }),
      },
      attributes: { ...options.attributes },
      events: [],
      status: undefined,
      ends: 0,
    };
    spans.push(record);
    return createSpan(record);
  };
  context.setGlobalContextManager(contextManager());
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan,
      startActiveSpan: () => {
        throw new Error('not used');
      },
    }),
  });
  return { spans };
}
