import { join } from 'node:path';
import { createBus, createDatabase, createRelay, durableMigrations, migrate } from '@millrace/durable';
import { createVerifier, serverInterceptors } from '@millrace/interceptors';
import { createServer } from '@millrace/rpc';
import {
  createClosers,
  createLogger,
  createOpsServer,
  toListenError,
  type App,
  type Logger,
} from '@millrace/runtime';
import { createPaymentStore } from './adapters/payment-store.ts';
import { sandboxProviderMigrations } from './adapters/sandbox-provider/migrations.ts';
import { createSandboxProvider } from './adapters/sandbox-provider/sandbox-provider.ts';
import type { ProviderSchema } from './adapters/sandbox-provider/schema.ts';
import type { PaymentSchema } from './adapters/schema.ts';
import type { PaymentConfig } from './config.ts';
import { errorTable } from './grpc/error-table.ts';
import { createPaymentHandlers } from './grpc/payment-handlers.ts';
import { paymentCodec } from './grpc/payment-message.ts';
import { migrations } from './migrations/index.ts';
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
  const {
    logger = createLogger({ service: 'payment', level: config.LOG_LEVEL }),
    metricsText,
    probe,
  } = overrides;
  const { now = () => new Date() } = overrides;
  const { DATABASE_URL: url, GRPC_HOST: host, GRPC_PORT: port } = config;
  const closers = createClosers(logger);

  async function start(): Promise<Record<string, string>> {
    await migrate({
      url,
      migrations: { ...durableMigrations, ...migrations, ...sandboxProviderMigrations },
      logger,
    });
    const ops = createOpsServer({
      host: config.OPS_HOST,
      port: config.OPS_PORT,
      ...(metricsText && { metricsText }),
    });
    closers.add('ops server', ops.close);
    const db = createDatabase<PaymentSchema>({ url, applicationName: 'payment', logger });
    closers.add('database', db.close);
    const bus = await createBus(config.BUS_URL, { logger });
    closers.add('bus', bus.close);
    const relay = createRelay({ db, bus, logger });
    closers.add('relay', relay.stop);

    const payments = createPaymentStore({ db, codec: paymentCodec, onEvent: relay.wake });
    const provider = overrides.provider ?? openSandbox();
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

    const changePayment = createChangePayment({ payments, settle, now });
    const getPayment = createGetPayment({ payments });
    const keySetFile = join(config.KEYS_DIR, 'public.jwks.json');
    const auth = createVerifier({ keySetFile, issuers: ['order', 'gateway'], audience: 'payment', logger });
    const server = createServer({
      services: [createPaymentHandlers({ changePayment, getPayment })],
      interceptors: serverInterceptors({ service: 'payment', logger, auth, errors: errorTable }),
      reflection: config.NODE_ENV !== 'production',
    });
    closers.add('server', () => server.close({ graceMs: config.SHUTDOWN_GRACE_MS / 2 }));
    closers.add('readiness', () => ops.setReady(false));

    relay.start();
    resolver.start();
    const opsAddress = await ops.listen();
    const grpc = await server.listen({ host, port }).catch((error: unknown) => {
      throw toListenError(error, { host, port, setting: 'GRPC_PORT' });
    });
    ops.setReady(true);
    return { grpc: `${host}:${grpc.port}`, ops: `http://${opsAddress.host}:${opsAddress.port}` };
  }

  /** Over connections of its own: it stands for somebody else's system. */
  function openSandbox(): PaymentProvider {
    const db = createDatabase<ProviderSchema>({ url, applicationName: 'sandbox-provider', logger });
    closers.add('sandbox provider', db.close);
    return createSandboxProvider({ db });
  }

  return { start, stop: closers.close };
}
