import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  CatalogService,
  OrderService,
  OrderStatus,
  PaymentSchema,
  PaymentStatus,
  type Order,
  type OrderEvent,
} from '@millrace/contracts';
import { createBus, createDatabase, type Database } from '@millrace/durable';
import { createTestDatabase } from '@millrace/durable/testing';
import { clientInterceptors, serviceCredentials } from '@millrace/interceptors';
import {
  createBareClient,
  createTransport,
  type Client,
  type Interceptor,
  type Transport,
} from '@millrace/rpc';
import { loadConfig } from '@millrace/runtime';
import { createOrderApp, type OrderOverrides } from '../../src/app.ts';
import { configSchema } from '../../src/config.ts';
import type { OrderSchema } from '../../src/migrations/schema.ts';
import { createTestKeys } from './keys.ts';
import { startPaymentServer, type PaymentServer } from './payment-server.ts';
import { silent } from './silent-logger.ts';
import { createWire, type Wire } from './wire.ts';

export interface Shop {
  readonly orders: Client<typeof OrderService>;
  readonly catalog: Client<typeof CatalogService>;
}

export interface Who {
  subject?: string;
  roles?: string[];
  tenant?: string;
}

/** The order service as it is wired, on a database of its own, with a fake payment service; everything else is real. */
export interface Rig {
  readonly environment: Readonly<Record<string, string>>;
  readonly payments: PaymentServer;
  readonly db: Database<OrderSchema>;
  /** Between the service and its database. */
  readonly wire: Wire;
  /** Clients that speak for somebody, by tokens as the gateway mints them. A new customer by default. */
  as(who?: Who): Shop;
  /** Puts an event of the payment service on the bus. */
  tellPayment(told: {
    paymentId: string;
    status: keyof typeof PaymentStatus;
    sequence: bigint;
  }): Promise<void>;
  /** Stops the app and starts another one on the same database. */
  restart(overrides?: OrderOverrides): Promise<void>;
  stop(): Promise<void>;
}

export async function startRig(
  overrides: OrderOverrides = {},
  settings: Record<string, string> = {},
): Promise<Rig> {
  const keys = await createTestKeys();
  const database = await createTestDatabase();
  const payments = await startPaymentServer(keys.dir);
  const wire = await createWire(Number(new URL(database.url).port));
  const url = Object.assign(new URL(database.url), { port: String(wire.port) }).href;
  const db = createDatabase<OrderSchema>({ url: database.url });
  const bus = await createBus(database.url);
  const environment = {
    NODE_ENV: 'test',
    DATABASE_URL: url,
    BUS_URL: url,
    PAYMENT_ADDRESS: payments.address,
    KEYS_DIR: keys.dir,
    GRPC_PORT: '0',
    OPS_PORT: '0',
    SHUTDOWN_GRACE_MS: '4000',
    ...settings,
  };
  const start = async (given: OrderOverrides) => {
    const app = createOrderApp(loadConfig(configSchema, environment), { logger: silent, ...given });
    const addresses = await app.start();
    return { app, transport: createTransport({ address: addresses['grpc'] ?? '' }) };
  };
  let { app, transport } = await start(overrides);
  const stopApp = async () => {
    await transport.close();
    await app.stop();
  };
  return {
    environment,
    payments,
    db,
    wire,
    as: (who = {}) => createShop(transport, keys.dir, who),
    tellPayment: async ({ paymentId, status, sequence }) => {
      const payment = create(PaymentSchema, { id: paymentId, status: PaymentStatus[status] });
      const payload = toBinary(PaymentSchema, payment);
      const of = { topic: 'payments', key: paymentId, type: 'payment', tenant: 'default' };
      await bus.publish([{ ...of, id: randomUUID(), sequence, payload, time: new Date() }]);
    },
    restart: async (given = overrides) => {
      await stopApp();
      ({ app, transport } = await start(given));
    },
    stop: async () => {
      await stopApp();
      await payments.stop();
      await wire.close();
      await bus.close();
      await db.close();
      await database.drop();
      await keys.remove();
    },
  };
}

/** Clients of the order service at the other end of a transport. */
export function createShop(transport: Transport, keysDir: string, who: Who): Shop {
  const { subject = `customer-${randomUUID()}`, roles = ['customer'], tenant = 'default' } = who;
  const speakFor: Interceptor = (call, next) =>
    next(call.with({ context: call.context.with({ principal: { subject, roles, tenant } }) }));
  const keyFile = join(keysDir, 'gateway.private.jwk.json');
  const credentials = serviceCredentials({ issuer: 'gateway', keyFile, audience: 'order' });
  const options = { peer: 'order', logger: silent, credentials, retry: false, breaker: false } as const;
  const interceptors = [speakFor, ...clientInterceptors(options)];
  return {
    orders: createBareClient(OrderService, { transport, interceptors }),
    catalog: createBareClient(CatalogService, { transport, interceptors }),
  };
}

/** A request for one product, or for several. */
export function anOrder(
  lines: Readonly<Record<string, number>> = { MUG: 2 },
  idempotencyKey: string = randomUUID(),
) {
  return {
    idempotencyKey,
    currencyCode: 'GBP',
    lines: Object.entries(lines).map(([sku, quantity]) => ({ sku, quantity })),
  };
}

/** The order of a reply, with its status by name. */
export function read({ order }: { order?: Order | undefined }): Order & { state: string } {
  if (!order) throw new Error('the reply holds no order');
  return { ...order, state: OrderStatus[order.status] };
}

/** Reads events until there are `count`, then leaves. */
export async function take(
  events: AsyncIterable<{ event?: OrderEvent | undefined }>,
  count: number,
): Promise<OrderEvent[]> {
  const taken: OrderEvent[] = [];
  for await (const { event } of events) {
    if (event) taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

/** What `look` finds in the database, as soon as it finds something; nobody tells when that is. */
export async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
  }
}
