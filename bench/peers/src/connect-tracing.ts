import type { Interceptor } from '@connectrpc/connect';
import { context, propagation, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';

type AnyFn = ReturnType<Interceptor>;
type Request = Parameters<AnyFn>[0];

const setter = { set: (headers: Headers, name: string, value: string) => headers.set(name, value) };
const getter = {
  keys: (headers: Headers) => [...headers.keys()],
  get: (headers: Headers, name: string) => headers.get(name) ?? undefined,
};

/** Runs the call in its span, and ends that with the call. */
async function runIn(span: Span, next: AnyFn, request: Request) {
  try {
    return await next(request);
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    span.end();
  }
}

function attributesOf({ method, service }: Request) {
  return { 'rpc.system': 'grpc', 'rpc.service': service.typeName, 'rpc.method': method.name };
}

/** There is no OpenTelemetry interceptor for connect on Node: this is the one that its users write by its manual, unary calls only. */
export const clientTracing: Interceptor = (next) => (request) => {
  const { typeName } = request.service;
  const options = { kind: SpanKind.CLIENT, attributes: attributesOf(request) };
  const tracer = trace.getTracer('connect');
  return tracer.startActiveSpan(`${typeName}/${request.method.name}`, options, (span) => {
    propagation.inject(context.active(), request.header, setter);
    return runIn(span, next, request);
  });
};

/** The same at the server. */
export const serverTracing: Interceptor = (next) => (request) => {
  const { typeName } = request.service;
  const options = { kind: SpanKind.SERVER, attributes: attributesOf(request) };
  const parent = propagation.extract(context.active(), request.header, getter);
  const tracer = trace.getTracer('connect');
  return tracer.startActiveSpan(`${typeName}/${request.method.name}`, options, parent, (span) =>
    runIn(span, next, request),
  );
};
