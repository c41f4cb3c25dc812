import { join } from 'node:path';
import { createBus, createDatabase, createJanitor, createRelay, migrate } from '@millrace/durable';
import { createServer, createVerifier } from '@millrace/interceptors';
import type { Implementation } from '@millrace/rpc';
import {
  createClosers,
  createLogger,
  createOpsServer,
  openDoors,
  serverTls,
  type App,
  type Closers,
  type Logger,
} from '@millrace/runtime';
import { createPaymentStore } from './adapters/payment-store.ts';
import { createSandboxProvider } from './adapters/sandbox-provider/sandbox-provider.ts';
import type { ProviderSchema } from './adapters/sandbox-provider/schema.ts';
import type { PaymentConfig } from './config.ts';
import { errorTable } from './grpc/error-table.ts';
import { paymentCodec } from './grpc/payment-message.ts';
import { createPaymentService } from './grpc/payment-service.ts';
import { migrations } from './migrations/index.ts';
import type { PaymentSchema } from './migrations/schema.ts';
import { createChangePayment } from './use-cases/change-payment.ts';
import { createGetPayment } from './use-cases/get-payment.ts';
import type { PaymentProvider } from './use-cases/payment-provider.ts';
import { createResolver } from './use-cases/resolver.ts';
import { createSettlePayment, type Probe } from './use-cases/settle-payment.ts';

/** What a process or a test brings along. */
export interface PaymentOverrides {
  readonly logger?: Logger;
  /** The page at /metrics. */
  readonly metricsText?: () => Promise<string>;
  /** Default: the sandbox. */
  readonly provider?: PaymentProvider;
  readonly now?: () => Date;
  readonly probe?: Probe;
}

/** The payment service, put together. What is opened last is closed first. */
export function createPaymentApp(config: PaymentConfig, overrides: PaymentOverrides = {}): App {
  const { logger = createLogger({ service: 'payment', level: config.LOG_LEVEL }), metricsText } = overrides;
  const closers = createClosers(logger);
  const { GRPC_HOST: host, GRPC_PORT: port } = config;

  async function start(): Promise<Record<string, string>> {
    const keySetFile = join(config.KEYS_DIR, 'public.jwks.json');
    const auth = createVerifier({ keySetFile, issuers: ['order', 'gateway'], audience: 'payment', logger });
    await migrate({ url: config.DATABASE_URL, migrations, logger });
    const ops = createOpsServer({
      host: config.OPS_HOST,
      port: config.OPS_PORT,
      pages: { '/policies': config.POLICIES.print },
      ...(metricsText && { metricsText }),
    });
    closers.add('ops server', ops.close);
    const server = createServer({
      services: [await openService({ config, logger, closers }, overrides)],
      ...{ service: 'payment', logger, auth, errors: errorTable },
      policies: config.POLICIES,
      reflection: config.NODE_ENV !== 'production',
      ...serverTls(config, logger),
    });
    closers.add('server', () => server.close({ graceMs: config.SHUTDOWN_GRACE_MS / 2 }));
    closers.add('readiness', () => ops.setReady(false));

    return openDoors({ ops, server, host, port });
  }

  return { start, stop: closers.close };
}

interface Base {
  readonly config: PaymentConfig;
  readonly logger: Logger;
  readonly closers: Closers;
}

/** Everything behind the server: store, provider, use cases, and what goes on without a call. */
async function openService(base: Base, overrides: PaymentOverrides): Promise<Implementation> {
  const { config, logger, closers } = base;
  const { now = () => new Date(), probe, provider = openSandbox(base) } = overrides;
  const db = createDatabase<PaymentSchema>({ url: config.DATABASE_URL, applicationName: 'payment', logger });
  closers.add('database', db.close);
  const bus = closers.keep('bus', await createBus(config.BUS_URL, { logger }));
  const relay = closers.keep('relay', createRelay({ db, bus, logger }));
  const janitor = closers.keep('janitor', createJanitor({ db, logger }));

  const payments = createPaymentStore({ db, codec: paymentCodec, onEvent: relay.wake });
  const settle = createSettlePayment({
    payments,
    provider,
    timeoutMs: config.PROVIDER_TIMEOUT_MS,
    now,
    probe,
  });
  closers.add('requests to the provider', settle.drain);
  const resolver = createResolver({ payments, settle, logger, idleMs: config.RESOLVE_AFTER_MS });
  closers.add('resolver', resolver.stop);
  relay.start();
  janitor.start();
  resolver.start();

  const changePayment = createChangePayment({ payments, settle, now });
  return createPaymentService({ changePayment, getPayment: createGetPayment({ payments }) });
}

/** Over connections of its own: it stands for somebody else's system. */
function openSandbox({ config, logger, closers }: Base): PaymentProvider {
  const db = createDatabase<ProviderSchema>({
    url: config.DATABASE_URL,
    applicationName: 'sandbox-provider',
    logger,
  });
  closers.add('sandbox provider', db.close);
  return createSandboxProvider({ db });
}
