import type { AddressInfo, Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import { newTraceContext } from '@millrace/interceptors';
import { RpcError } from '@millrace/rpc';
import { toListenError, type Logger } from '@millrace/runtime';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { createHandler, type HandlerOptions } from './handle-request.ts';
import { httpRefusal, toHttpFailure } from './http-error.ts';
import { problemHeaders, statusOf, toProblem } from './problem.ts';
import { createRequestSpans, type RequestSpan, type StartRequestSpan } from './request-span.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The request in its trace. */
    span: RequestSpan;
  }
}

const BODY_LIMIT_BYTES = 1024 * 1024;
const HEADER_LIMIT_BYTES = 16 * 1024;
/** For a request to arrive in full: what a slow network needs, not what a slow attacker wants. */
const REQUEST_TIMEOUT_MS = 15_000;

/** How long the last answers may take to leave. */
const FAREWELL_MS = 250;

export interface HttpServerOptions extends HandlerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Started and not draining. */
  readonly isReady: () => boolean;
}

export interface HttpServer {
  /** @throws ListenError */
  listen(): Promise<{ port: number }>;
  /** Takes no new connections, ends event streams, gives the other requests `graceMs` and ends them too. */
  close(options: { readonly graceMs: number }): Promise<void>;
}

function sendProblem(reply: FastifyReply, thrown: unknown, logger: Logger): FastifyReply {
  const error = toHttpFailure(thrown);
  const { traceId } = reply.request.span;
  // What came through the interceptors is logged there.
  if (!(thrown instanceof RpcError) && statusOf(error) >= 500)
    logger.error({ err: thrown, traceId }, 'request failed');
  else logger.debug({ code: error.code, reason: error.reason, traceId }, 'request refused');
  return reply
    .code(statusOf(error))
    .headers(problemHeaders(error))
    .send(Buffer.from(JSON.stringify(toProblem(error, traceId))));
}

/** Answers what is not even HTTP, for which there is neither a request nor a reply. */
function refuseRaw(error: Error & { code?: string }, socket: Socket): void {
  const statuses: Readonly<Record<string, number>> = {
    HPE_HEADER_OVERFLOW: 431,
    ERR_HTTP_REQUEST_TIMEOUT: 408,
  };
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const refusal = httpRefusal(statuses[error.code ?? ''] ?? 400);
  const body = JSON.stringify(toProblem(refusal, newTraceContext().traceId));
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\nconnection: close\r\n`;
  const type = 'content-type: application/problem+json\r\n';
  socket.end(`${head}${type}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function addSpans(app: FastifyInstance, start: StartRequestSpan): void {
  app.addHook('onRequest', (request, reply, done) => {
    request.span = start(request.method, request.headers);
    void reply.headers({
      'x-trace-id': request.span.traceId,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    request.span.end(reply.raw.writableFinished ? reply.statusCode : 499);
    done();
  });
}

function addHealth(app: FastifyInstance, isReady: () => boolean): void {
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', (_request, reply) =>
    isReady() ? { status: 'ready' } : reply.code(503).send({ status: 'not ready' }),
  );
}

/** Fastify with our limits, and every refusal of its own in our form. */
function createFastify(logger: Logger): FastifyInstance {
  const startSpan = createRequestSpans();
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: {
      maxHeaderSize: HEADER_LIMIT_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
    },
    clientErrorHandler: refuseRaw,
    frameworkErrors: (error, request, reply) => {
      request.span ??= startSpan(request.method, request.headers);
      void sendProblem(reply, error, logger);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, error, logger));
  addSpans(app, startSpan);
  return app;
}

/** Serves HTTP/JSON and event streams for every rpc with an annotation. */
export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { host, port, logger, isReady } = options;
  const handler = createHandler(options);
  const app = createFastify(logger);
  let closing = false;
  // A connection that is kept for a next request would keep us from ending.
  app.addHook('onResponse', (_request, _reply, done) => {
    if (closing) setImmediate(() => app.server.closeIdleConnections());
    done();
  });
  addHealth(app, isReady);
  app.all('/*', (request, reply) => handler.handle(request, reply));
  // For the methods of HTTP that nobody has heard of.
  app.setNotFoundHandler((request, reply) => handler.handle(request, reply));
  return {
    async listen() {
      try {
        await app.listen({ host, port });
      } catch (error) {
        throw toListenError(error, { host, port, setting: 'HTTP_PORT' });
      }
      return { port: (app.server.address() as AddressInfo).port };
    },
    async close({ graceMs }) {
      closing = true;
      const closed = app.close();
      handler.end('streams');
      const cutOff = setTimeout(() => handler.end('all'), graceMs);
      const force = setTimeout(() => app.server.closeAllConnections(), graceMs + FAREWELL_MS);
      await closed;
      clearTimeout(cutOff);
      clearTimeout(force);
    },
  };
}
