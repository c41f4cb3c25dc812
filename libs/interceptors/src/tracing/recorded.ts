import {
  context as otel,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { codeName, onFinished, type Call, type Next, type Reply, type RpcError } from '@millrace/rpc';
import { RPC_STATUS_CODE } from '../rpc-attributes.ts';
import { isServerFault } from '../server-fault.ts';

/** Why a server ends calls that are none the worse for it: it, or the stream, has been there for long enough. */
const DRAINS: ReadonlySet<string> = new Set(['SHUTTING_DOWN', 'MAX_AGE']);

function endSpan(span: Span, call: Call, error: RpcError | undefined): void {
  span.setAttribute(RPC_STATUS_CODE, error ? codeName(error.code) : 'OK');
  if (error && DRAINS.has(error.reason)) span.addEvent('drain', { reason: error.reason });
  if (error && (call.side === 'client' || isServerFault(error.code))) {
    span.setAttribute('error.type', codeName(error.code));
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.reason });
  }
  span.end();
}

/** An async generator runs in the context of whoever pulls it, so each pull is made in the span's. */
function pulledIn(active: Context, messages: AsyncIterable<unknown>): AsyncIterable<unknown> {
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

async function runIn(active: Context, work: () => Promise<Reply>): Promise<Reply> {
  const reply = await otel.with(active, work);
  return reply.kind === 'one' ? reply : { ...reply, messages: pulledIn(active, reply.messages) };
}

/** Makes a call in a span that records, and ends the span with it. */
export function recorded(call: Call, next: Next, span: Span): Promise<Reply> {
  // What is active where a server takes in its calls is whatever was when it was started.
  const active = trace.setSpan(call.side === 'server' ? ROOT_CONTEXT : otel.active(), span);
  return onFinished(
    runIn(active, () => next(call)),
    (error) => endSpan(span, call, error),
  );
}
