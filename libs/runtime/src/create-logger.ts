import { trace } from '@opentelemetry/api';
import { pino, stdTimeFunctions, type DestinationStream } from 'pino';
import type { Logger, LogLevel } from './logger.ts';
import { formatLine } from './pretty.ts';
import { hideCredentials, serializeError } from './serialize-error.ts';

export interface CreateLoggerOptions {
  /** Stands in each line. */
  service: string;
  /** Default: info. */
  level?: LogLevel;
  /** Lines for a person to read instead of JSON. Default: false. */
  pretty?: boolean;
  /** Default: standard output, written synchronously so that the last line before an exit is never lost. */
  destination?: DestinationStream;
}

const SECRETS = ['authorization', 'cookie', 'token', 'password', 'secret'];

/** One line of JSON an entry, with the active span's ids. */
export function createLogger(options: CreateLoggerOptions): Logger {
  const {
    service,
    level = 'info',
    pretty = false,
    destination = pino.destination({ fd: 1, sync: true }),
  } = options;
  const target = pretty ? { write: (line: string) => destination.write(formatLine(line)) } : destination;
  return pino(
    {
      level,
      base: { service },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceIds,
      serializers: { err: serializeError, error: serializeError, msg: hideCredentials },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    target,
  );
}

function traceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
