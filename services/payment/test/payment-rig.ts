import { randomUUID } from 'node:crypto';
import { PaymentService } from '@millrace/contracts';
import { createDatabase } from '@millrace/durable';
import { createTestDatabase } from '@millrace/durable/testing';
import { credentials } from '@millrace/interceptors';
import { createBareClient, createTransport, type Client } from '@millrace/rpc';
import { createClosers, loadConfig } from '@millrace/runtime';
import type { ProviderSchema } from '../src/adapters/sandbox-provider/schema.ts';
import { createPaymentApp, type PaymentOverrides } from '../src/app.ts';
import { configSchema } from '../src/config.ts';
import type { PaymentSchema } from '../src/migrations/schema.ts';
import { spawnPayment } from './spawn-payment.ts';
import { createTestKeys, type Claims } from './test-keys.ts';

export type PaymentClient = Client<typeof PaymentService>;

/** A payment with a new id, as the order service asks for it. */
export function anAuthorize(amountMinor = 1_250n) {
  const amount = { currencyCode: 'GBP', amountMinor };
  return { idempotencyKey: randomUUID(), paymentId: randomUUID(), orderId: randomUUID(), amount };
}

/** The next request about the same payment. */
export function about({ paymentId }: { paymentId: string }) {
  return { idempotencyKey: randomUUID(), paymentId };
}

/** A database of its own, keys, and as many payment services on them as a test starts. Close it. */
export async function createPaymentRig() {
  const closers = createClosers();
  const keys = await createTestKeys();
  closers.add('keys', keys.remove);
  const [database, bus] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  closers.add('database', database.drop);
  closers.add('bus', bus.drop);
  const db = createDatabase<PaymentSchema & ProviderSchema>({ url: database.url });
  closers.add('reader', db.close);

  const environment: Record<string, string> = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    DATABASE_URL: database.url,
    BUS_URL: bus.url,
    KEYS_DIR: keys.dir,
    GRPC_PORT: '0',
    OPS_PORT: '0',
  };

  function connect(address: string, claims: Claims = {}): PaymentClient {
    const transport = createTransport({ address });
    closers.add('client', transport.close);
    const authorization = keys.authorize(claims);
    const interceptors = [credentials(() => Promise.resolve(authorization))];
    return createBareClient(PaymentService, { transport, interceptors });
  }

  return {
    environment,
    db,
    connect,
    /** A service, and a client of it that speaks for the order service. */
    async start(settings: Record<string, string> = {}, overrides: PaymentOverrides = {}) {
      const config = loadConfig(configSchema, { ...environment, ...settings });
      const app = createPaymentApp(config, overrides);
      closers.add('app', app.stop);
      const addresses = await app.start();
      const { grpc = '', ops = '' } = addresses;
      return { app, grpc, ops, client: connect(grpc) };
    },
    /** A service as a process of its own. */
    async spawn(settings: Record<string, string> = {}) {
      const child = await spawnPayment({ ...environment, ...settings });
      closers.add('process', child.kill);
      return { ...child, client: connect(child.grpc) };
    },
    /** What the provider has done for a payment. */
    ledger: async ({ paymentId }: { paymentId: string }) => {
      const rows = await db.read((reader) =>
        reader
          .selectFrom('provider.ledger')
          .select(['kind', 'outcome'])
          .where('payment_id', '=', paymentId)
          .orderBy('created_at')
          .execute(),
      );
      return rows.map(({ kind, outcome }) => `${kind} ${outcome}`);
    },
    close: closers.close,
  };
}
