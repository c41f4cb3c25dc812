import { currentContext } from '@millrace/rpc';
import { randomFillSync } from 'node:crypto';
import { createTraceState, type SpanContext } from '@opentelemetry/api';
import type { MetadataInit, ReadonlyMetadata } from '@millrace/rpc';

/** W3C Trace Context, level 1: version, trace id, parent id, flags; later versions may append. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.{0,200})?$/;
const LENGTH = 55;
const MAX_STATE_LENGTH = 512;

/** The caller's span, from its metadata; undefined when it names none, or something that is none. */
export function readTraceContext(metadata: ReadonlyMetadata): SpanContext | undefined {
  const traceparent = metadata.get('traceparent');
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return undefined;
  if (traceparent.length !== LENGTH && traceparent.startsWith('00')) return undefined;
  const traceId = traceparent.slice(3, 35);
  const spanId = traceparent.slice(36, 52);
  const traceFlags = parseInt(traceparent.slice(53, LENGTH), 16) & 1;
  const state = metadata.get('tracestate');
  if (!state || state.length > MAX_STATE_LENGTH) return { traceId, spanId, traceFlags, isRemote: true };
  return { traceId, spanId, traceFlags, isRemote: true, traceState: createTraceState(state) };
}

/** The metadata that names a span to the next hop. */
export function writeTraceContext({ traceId, spanId, traceFlags, traceState }: SpanContext): MetadataInit {
  const flags = traceFlags.toString(16).padStart(2, '0');
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  return { traceparent, tracestate: traceState?.serialize() || undefined };
}

const ID_BYTES = 24;
/** Random bytes for a hundred traces at a time: asking for them costs more than they do. */
const random = Buffer.alloc(ID_BYTES * 100);
let used = random.length;

/** A new trace, for when no SDK makes one: logs and errors of a request share its id all the same. */
export function newTraceContext(): SpanContext {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const ids = random.toString('hex', used, (used += ID_BYTES));
  return { traceId: ids.slice(0, 32), spanId: ids.slice(32), traceFlags: 0 };
}

/** The W3C traceparent of the call that is being served, to be kept with what it leads to; undefined outside of one. */
export function currentTraceparent(): string | undefined {
  const { trace } = currentContext();
  return trace && String(writeTraceContext(trace)['traceparent']);
}
