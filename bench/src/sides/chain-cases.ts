import {
  auth,
  breaker,
  bulkhead,
  clientDeadline,
  clientStreamTimes,
  createVerifier,
  credentials,
  errors,
  fallback,
  hedge,
  idempotency,
  logging,
  metrics,
  propagation,
  retry,
  serverDeadline,
  serverStreamTimes,
  serviceCredentials,
  shed,
  tracing,
  validate,
} from '@millrace/interceptors';
import type { Interceptor } from '@millrace/rpc';
import { createLogger } from '@millrace/runtime';
import { readSetup } from '../setup.ts';

/** One interceptor and the call it is given. */
export interface ChainCase {
  readonly name: string;
  readonly interceptor: Interceptor;
  /** Of OrderService, by local name. Default `placeOrder`. */
  readonly method?: string;
  /** The caller's trace; none at all without it. */
  readonly trace?: 'sampled' | 'unsampled';
  /** Whether the cost has a bar. Default true. */
  readonly barred?: boolean;
}

const one = (name: string, interceptor: Interceptor): ChainCase => ({ name, interceptor });

/** Every interceptor of the client's chain, as createClient sets it up. */
export function clientCases(): readonly ChainCase[] {
  const { keyFile } = readSetup();
  const authorize = serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' });
  const fallbacks = { '/shop.order.v1.OrderService/PlaceOrder': () => ({}) };
  return [
    one('tracing-root', tracing()),
    { ...one('tracing-unsampled', tracing()), trace: 'unsampled' },
    { ...one('tracing-sampled', tracing()), trace: 'sampled', barred: false },
    one('metrics', metrics()),
    one('fallback', fallback({ fallbacks })),
    one('deadline', clientDeadline()),
    one('retry', retry()),
    { ...one('hedge', hedge()), method: 'getOrder' },
    one('breaker', breaker()),
    one('bulkhead', bulkhead()),
    one('stream-times', clientStreamTimes()),
    one('propagation', propagation()),
    one('credentials', credentials(authorize)),
  ];
}

/** Every interceptor of the server's chain, as createServer sets it up. */
export function serverCases(): readonly ChainCase[] {
  const logger = createLogger({ service: 'bench' });
  const { keySetFile } = readSetup();
  return [
    { ...one('tracing-unsampled', tracing()), trace: 'unsampled' },
    { ...one('tracing-sampled', tracing()), trace: 'sampled', barred: false },
    one('metrics', metrics()),
    one('logging', logging({ logger, service: 'order' })),
    one('errors', errors({ logger })),
    one('shed', shed()),
    one('auth', auth(createVerifier({ keySetFile, issuers: ['gateway'], audience: 'order' }))),
    one('propagation', propagation()),
    one('deadline', serverDeadline()),
    one('stream-times', serverStreamTimes()),
    one('validate', validate()),
    one('idempotency', idempotency()),
  ];
}
