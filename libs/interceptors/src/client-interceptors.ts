import type { Interceptor } from '@millrace/rpc';
import { breaker, type BreakerOptions } from './breaker.ts';
import { bulkhead, type BulkheadOptions } from './bulkhead.ts';
import { consoleLogger } from './console-logger.ts';
import { credentials, type ServiceCredentials } from './credentials.ts';
import { clientDeadline, type ClientDeadlineOptions } from './deadline/client-deadline.ts';
import { fallback, type Fallback } from './fallback.ts';
import { hedge } from './hedge.ts';
import type { Logger } from './logger.ts';
import { metrics } from './metrics.ts';
import { propagation } from './propagation.ts';
import { retry, type RetryOptions } from './retry.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { clientStreamTimes } from './streams/client-stream-times.ts';
import { tracing } from './tracing.ts';

/** Options of {@link clientInterceptors}. */
export interface ClientChainOptions {
  /** The called service's name, for logs. Default `peer`. */
  readonly peer?: string;
  /** Default: warnings and errors as JSON on stderr. */
  readonly logger?: Logger;
  /** On whose behalf calls are made; see serviceCredentials. Default: nobody's. */
  readonly credentials?: ServiceCredentials;
  /** What answers where the service cannot, by the path of the method. Default: nothing. */
  readonly fallbacks?: Readonly<Record<string, Fallback>>;
  readonly deadline?: ClientDeadlineOptions;
  /** Of hedges as well. False for a client that must not repeat anything, such as one whose caller has a schedule of its own. */
  readonly retry?: RetryOptions | false;
  readonly breaker?: BreakerOptions | false;
  readonly bulkhead?: BulkheadOptions | false;
}

/** Retries and hedges, out of one budget. */
function secondAttempts(options: RetryOptions = {}): Interceptor[] {
  const shared = { budget: new RetryBudget(), ...options };
  return [retry(shared), hedge(shared)];
}

/** The chain that every outbound call goes through, outermost first. One list is one client: it shares budget and circuits. */
export function clientInterceptors(options: ClientChainOptions = {}): Interceptor[] {
  const { peer = 'peer', logger = consoleLogger } = options;
  const onChange: BreakerOptions['onChange'] = (method, state) => {
    if (state === 'open') logger.warn({ peer, method, state }, 'circuit opened');
    else logger.info({ peer, method, state }, 'circuit changed');
  };
  return [
    tracing(),
    metrics(),
    ...(options.fallbacks ? [fallback({ fallbacks: options.fallbacks })] : []),
    clientDeadline(options.deadline),
    ...(options.retry === false ? [] : secondAttempts(options.retry)),
    ...(options.breaker === false ? [] : [breaker({ onChange, ...options.breaker })]),
    ...(options.bulkhead === false ? [] : [bulkhead(options.bulkhead)]),
    clientStreamTimes(),
    propagation(),
    ...(options.credentials ? [credentials(options.credentials)] : []),
  ];
}
