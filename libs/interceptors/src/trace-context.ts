import { randomBytes } from 'node:crypto';
import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api';
import type { MetadataInit, ReadonlyMetadata } from '@millrace/rpc';

/** W3C Trace Context, level 1: version, trace id, parent id, flags; later versions may append. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.{0,200})?$/;
const MAX_STATE_LENGTH = 512;

/** The caller's span, from its metadata; undefined when it names none, or something that is none. */
export function readTraceContext(metadata: ReadonlyMetadata): SpanContext | undefined {
  const traceparent = metadata.get('traceparent');
  const [, version, traceId = '', spanId = '', flags = ''] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (version === '00' && traceparent?.length !== 55) return undefined;
  const span: SpanContext = { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
  if (!isSpanContextValid(span)) return undefined;
  const state = metadata.get('tracestate');
  return state && state.length <= MAX_STATE_LENGTH ? { ...span, traceState: createTraceState(state) } : span;
}

/** The metadata that names a span to the next hop. */
export function writeTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): MetadataInit {
  const flags = traceFlags.toString(16).padStart(2, '0');
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    tracestate: traceState?.serialize() || undefined,
  };
}

/** A new trace, for when no SDK makes one: logs and errors of a request share its id all the same. */
export function newTraceContext(): SpanContext {
  const ids = randomBytes(24).toString('hex');
  return { traceId: ids.slice(0, 32), spanId: ids.slice(32), traceFlags: 0 };
}
