import { Code, codeName, onFinished, type Call, type Interceptor, type RpcError } from '@millrace/rpc';
import { systemClock, type Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { isServerFault } from './server-fault.ts';

/** Options of {@link logging}. */
export interface LoggingOptions {
  readonly logger: Logger;
  /** Whose calls these are: `server` on each line, for a process that serves more than one. */
  readonly service: string;
  /** From when on a call that went well is worth a warning. Default 1,000; long-lived streams are never slow. */
  readonly slowMs?: number;
  /**
   * The share of calls that went well and fast that leave a line at info, 0 to 1. Default 0.01. Where debug is on, as in development,
   * all of them leave one at debug instead.
   */
  readonly sampleSuccess?: number;
  readonly clock?: Clock;
}

/** A call that is over. */
interface Ended {
  readonly service: string;
  readonly durationMs: number;
  readonly error: RpcError | undefined;
}

/** Everything a line says: an allow-list, without the request, the error's text or any metadata. */
function fieldsOf(call: Call, { service, durationMs, error }: Ended): object {
  return {
    server: service,
    method: call.method.path,
    code: codeName(error?.code ?? Code.OK),
    ...(error && { reason: error.reason }),
    durationMs: Math.round(durationMs * 100) / 100,
    peer: call.peer,
    subject: call.caller?.subject,
    traceId: call.context.trace?.traceId,
  };
}

function write(logger: Logger, fields: object, error: RpcError): void {
  if (error.code === Code.INTERNAL || error.code === Code.UNKNOWN || error.code === Code.DATA_LOSS) {
    logger.error(fields, 'call failed');
  } else if (isServerFault(error.code)) logger.warn(fields, 'call failed');
  else logger.info(fields, 'call failed');
}

/**
 * A line for each call that failed (error and warn for the server's faults, info for the caller's) or was slow (warn); of the
 * others, and of those refused for overload, a sample. The cause of an INTERNAL is logged where it was caught, by the errors interceptor, and not again.
 */
export function logging(options: LoggingOptions): Interceptor {
  const { logger, service, slowMs = 1_000, sampleSuccess = 0.01, clock = systemClock } = options;
  let due = 0;
  const isDebug = (): boolean => logger.isLevelEnabled?.('debug') ?? true;
  const isSampled = (): boolean => {
    due += sampleSuccess;
    if (due < 1) return false;
    due -= 1;
    return true;
  };
  return (call, next) => {
    const startMs = clock.now();
    return onFinished(next(call), (error) => {
      const durationMs = clock.now() - startMs;
      const ended = { service, durationMs, error };
      // Of refusals for overload a sample as well: a line for each would be most of what such a server does.
      if (error && (error.reason !== 'OVERLOADED' || isSampled()))
        write(logger, fieldsOf(call, ended), error);
      else if (error) return;
      else if (durationMs >= slowMs && !call.method.policy.longLived) {
        logger.warn(fieldsOf(call, ended), 'call was slow');
      } else if (isDebug()) logger.debug(fieldsOf(call, ended), 'call done');
      else if (isSampled()) logger.info(fieldsOf(call, ended), 'call done');
    });
  };
}
