import {
  auth,
  breaker,
  clientDeadline,
  createVerifier,
  credentials,
  errors,
  logging,
  metrics,
  propagation,
  retry,
  serverDeadline,
  serviceCredentials,
  tracing,
  validate,
} from '@millrace/interceptors';
import type { Interceptor } from '@millrace/rpc';
import { createLogger } from '@millrace/runtime';
import { readSetup } from '../setup.ts';

/** One interceptor and the call it is given. */
export interface ChainCase {
  readonly name: string;
  readonly side: 'client' | 'server';
  readonly interceptor: Interceptor;
  /** The caller's trace; none at all without it. */
  readonly trace?: 'sampled' | 'unsampled';
  /** Whether the cost has a bar. Default true. */
  readonly barred?: boolean;
}

/** Every interceptor of both chains, as createClient and createServer set them up. */
export function chainCases(): readonly ChainCase[] {
  const logger = createLogger({ service: 'bench' });
  const { keySetFile, keyFile } = readSetup();
  const onClient = (name: string, interceptor: Interceptor): ChainCase => ({
    name,
    side: 'client',
    interceptor,
  });
  const onServer = (name: string, interceptor: Interceptor): ChainCase => ({
    name,
    side: 'server',
    interceptor,
  });
  return [
    { name: 'client.tracing-unsampled', side: 'client', interceptor: tracing(), trace: 'unsampled' },
    { name: 'client.tracing-root', side: 'client', interceptor: tracing() },
    {
      name: 'client.tracing-sampled',
      side: 'client',
      interceptor: tracing(),
      trace: 'sampled',
      barred: false,
    },
    onClient('client.metrics', metrics()),
    onClient('client.deadline', clientDeadline()),
    onClient('client.retry', retry()),
    onClient('client.breaker', breaker()),
    onClient('client.propagation', propagation()),
    onClient(
      'client.credentials',
      credentials(serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' })),
    ),
    { name: 'server.tracing-unsampled', side: 'server', interceptor: tracing(), trace: 'unsampled' },
    {
      name: 'server.tracing-sampled',
      side: 'server',
      interceptor: tracing(),
      trace: 'sampled',
      barred: false,
    },
    onServer('server.metrics', metrics()),
    onServer('server.logging', logging({ logger, service: 'order' })),
    onServer('server.errors', errors({ logger })),
    onServer('server.auth', auth(createVerifier({ keySetFile, issuers: ['gateway'], audience: 'order' }))),
    onServer('server.propagation', propagation()),
    onServer('server.deadline', serverDeadline()),
    onServer('server.validate', validate()),
  ];
}
