import { Readable } from 'node:stream';
import type { Message } from '@bufbuild/protobuf';
import { Cancellation, Code, RpcError, type Interceptor, type Next } from '@millrace/rpc';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createCall } from './create-call.ts';
import { methodNotAllowed, routeNotFound, toHttpFailure } from './http-error.ts';
import { toProblem } from './problem.ts';
import { openEvents, type SentEvent } from './server-sent-events.ts';
import { resumeFieldsOf } from './transcode/cursor.ts';
import { decodeRequest } from './transcode/decode-request.ts';
import { encodeReply } from './transcode/encode-reply.ts';
import type { Route } from './transcode/route.ts';
import type { RouteTable } from './transcode/route-table.ts';

/** How event streams behave. Durations in milliseconds. */
export interface StreamTimes {
  /** How long the first event may take before the stream opens without it. Default 500. */
  readonly openMs?: number;
  /** How long nothing may be said. Default 15,000. */
  readonly heartbeatMs?: number;
  /** A client that takes nothing for so long is cut off. Default 60,000. */
  readonly stallMs?: number;
}

/** What the one handler of every rpc needs. */
export interface HandlerOptions {
  readonly table: RouteTable;
  /** The public interceptors with `decode` after authentication, and the upstream behind them. */
  readonly chain: (decode: Interceptor) => Next;
  readonly times: StreamTimes;
}

/** Answers every rpc. */
export interface Handler {
  handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>;
  /** Ends event streams, which would never end by themselves, or all calls; their clients come back elsewhere. */
  end(which: 'streams' | 'all'): void;
}

const clientGone = () => new RpcError(Code.CANCELLED, 'the client went away', { reason: 'CLIENT_GONE' });
const goingAway = () =>
  new RpcError(Code.UNAVAILABLE, 'the gateway is going away, connect again', {
    reason: 'DRAINING',
    retryDelayMs: 1000,
  });

const one = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join() : value);

/** Fills in the request's message: an interceptor, so that it happens after authentication and its errors are logged. */
function decodeStep(
  request: FastifyRequest,
  found: { route: Route; params: Readonly<Record<string, string>> },
  query: string,
): Interceptor {
  const { route, params } = found;
  const lastEventId = one(request.headers['last-event-id']);
  return async (call, next) => {
    const idempotencyKey = one(request.headers['idempotency-key']);
    const body = request.body as Uint8Array | undefined;
    const message: Message = decodeRequest(route, { params, query, body, idempotencyKey });
    // A browser reconnects with the URL of its first request, so what it has seen since counts more than the query.
    if (lastEventId) resumeFieldsOf(route.method)?.resume(message, lastEventId);
    return next(call.with({ request: message }));
  };
}

function toEvent(route: Route): (message: unknown) => SentEvent {
  const resume = resumeFieldsOf(route.method);
  return (message) => ({ id: resume?.cursorOf(message), data: encodeReply(route, message) });
}

async function sendEvents(
  reply: FastifyReply,
  { route, messages, times }: { route: Route; messages: AsyncIterable<unknown>; times: StreamTimes },
): Promise<FastifyReply> {
  const { openMs = 500, heartbeatMs = 15_000, stallMs = 60_000 } = times;
  const { traceId } = reply.request.span;
  const toError = (error: unknown) => ({
    event: 'error',
    data: JSON.stringify(toProblem(toHttpFailure(error), traceId)),
  });
  const text = await openEvents(messages, { toEvent: toEvent(route), toError, heartbeatMs, openMs });
  reply.raw.setTimeout(stallMs, () => reply.raw.destroy());
  return reply
    .type('text/event-stream; charset=utf-8')
    .header('x-accel-buffering', 'no')
    .send(Readable.from(text, { objectMode: false }));
}

/** The one handler behind every route: no rpc has code of its own. */
export function createHandler({ table, chain, times }: HandlerOptions): Handler {
  const calls = new Set<Cancellation>();
  const streams = new Set<Cancellation>();

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { method: verb, headers, span } = request;
    const [path = '', query = ''] = (request.raw.url ?? '').split(/\?(.*)/s);
    const found = table.resolve(verb, path);
    if (!found.route) throw found.allow.length > 0 ? methodNotAllowed(verb, found.allow) : routeNotFound();
    const { route } = found;
    span.setRoute(route.template.text);
    const cancellation = new Cancellation();
    calls.add(cancellation);
    reply.raw.once('close', () => {
      calls.delete(cancellation);
      streams.delete(cancellation);
      if (!reply.raw.writableFinished) cancellation.cancel(clientGone());
    });
    const call = createCall(route.method, { headers, trace: span.metadata, cancellation, peer: request.ip });
    const answer = await chain(decodeStep(request, found, query))(call);
    if (answer.kind === 'one')
      return reply.type('application/json').send(Buffer.from(encodeReply(route, answer.message)));
    streams.add(cancellation);
    return sendEvents(reply, { route, messages: answer.messages, times });
  }

  return {
    handle,
    end(which) {
      for (const call of which === 'all' ? calls : streams) call.cancel(goingAway());
    },
  };
}
