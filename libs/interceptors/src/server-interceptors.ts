import type { Interceptor } from '@millrace/rpc';
import { auth, type Authenticate } from './auth.ts';
import { consoleLogger } from './console-logger.ts';
import { serverDeadline, type ServerDeadlineOptions } from './deadline/server-deadline.ts';
import { errors, type ErrorTable } from './errors.ts';
import { idempotency } from './idempotency.ts';
import type { Logger } from './logger.ts';
import { logging, type LoggingOptions } from './logging.ts';
import { metrics } from './metrics.ts';
import { propagation } from './propagation.ts';
import { shed, type ShedOptions } from './shed.ts';
import { serverStreamTimes } from './streams/server-stream-times.ts';
import { serviceCertificates, spiffeServices } from './tokens/service-certificates.ts';
import { tracing } from './tracing.ts';
import { validate, type ValidateOptions } from './validate.ts';

/** Options of {@link serverInterceptors}. */
export interface ServerChainOptions {
  /** The service's own name, on its log lines. Default `server`. */
  readonly service?: string;
  /** Default: warnings and errors as JSON on stderr. */
  readonly logger?: Logger;
  /** Who calls; see createVerifier. Default: services by their certificates, nobody else. */
  readonly auth?: Authenticate;
  /** The status of each of the service's domain errors, by reason. */
  readonly errors?: ErrorTable;
  /** False for a server that refuses nobody. */
  readonly shed?: ShedOptions | false;
  readonly deadline?: ServerDeadlineOptions;
  /** Makes the messages of calls that come without one, once it is known who asks and before they are checked. */
  readonly decode?: Interceptor;
  readonly validate?: ValidateOptions;
  /** From when on a call is worth a warning, and of how many others a line is written. Default 1,000 ms and a hundredth. */
  readonly logging?: Pick<LoggingOptions, 'slowMs' | 'sampleSuccess'>;
}

/** The chain that every service is served through, outermost first. */
export function serverInterceptors(options: ServerChainOptions = {}): Interceptor[] {
  const { logger = consoleLogger, service = 'server', errors: table } = options;
  return [
    tracing(),
    metrics(),
    logging({ logger, service, ...options.logging }),
    errors({ logger, ...(table && { table }) }),
    ...(options.shed === false ? [] : [shed({ server: service, ...options.shed })]),
    auth(options.auth ?? serviceCertificates(spiffeServices())),
    propagation(),
    serverDeadline(options.deadline),
    serverStreamTimes(),
    ...(options.decode ? [options.decode] : []),
    validate(options.validate),
    idempotency(),
  ];
}
