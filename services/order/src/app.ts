import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createBus, createDatabase, createEventLog, createJanitor, createRelay } from '@millrace/durable';
import { createReplies, createSagaRunner, migrate } from '@millrace/durable';
import type { Database, EventLog, SagaRunnerOptions } from '@millrace/durable';
import { describeService, OrderService, PaymentService } from '@millrace/contracts';
import { createClient, createServer, createVerifier, serviceCredentials } from '@millrace/interceptors';
import { errors, idempotency, serverDeadline, validate } from '@millrace/interceptors';
import type { Implementation } from '@millrace/rpc';
import { clientTls, createClosers, createLogger, createOpsServer, serverTls } from '@millrace/runtime';
import { openDoors, type App, type Closers, type Logger } from '@millrace/runtime';
import { v7 as uuidv7 } from 'uuid';
import { createOrderDatabase, createSagaOrders } from './adapters/order-database.ts';
import { consumePaymentEvents } from './adapters/payment-events.ts';
import { createPayments } from './adapters/payments.ts';
import type { OrderConfig } from './config.ts';
import { createCatalogService } from './grpc/catalog-service.ts';
import { errorTable } from './grpc/error-table.ts';
import { createOrderService } from './grpc/order-service.ts';
import { migrations } from './migrations/index.ts';
import type { OrderSchema } from './migrations/schema.ts';
import { createCancelOrderSaga } from './use-cases/cancel-order-saga.ts';
import { createCancelOrder } from './use-cases/cancel-order.ts';
import { createCatalog } from './use-cases/catalog.ts';
import { createPlaceOrderSaga } from './use-cases/place-order-saga.ts';
import { createPlaceOrder } from './use-cases/place-order.ts';
import type { Payments } from './use-cases/ports.ts';
import { createReadOrders } from './use-cases/read-orders.ts';
import { createWatchOrders } from './use-cases/watch-orders.ts';

/** What a process or a test brings along. */
export interface OrderOverrides {
  readonly logger?: Logger;
  /** The page at /metrics. */
  readonly metricsText?: () => Promise<string>;
  /** Default: the payment service at PAYMENT_ADDRESS. */
  readonly payments?: Payments;
  readonly now?: () => Date;
  readonly newId?: () => string;
  readonly probe?: SagaRunnerOptions<OrderSchema>['probe'];
}

/** The order service, put together. What is opened last is closed first. */
export function createOrderApp(config: OrderConfig, overrides: OrderOverrides = {}): App {
  const { logger = createLogger({ service: 'order', level: config.LOG_LEVEL }) } = overrides;
  const { DATABASE_URL: url, GRPC_HOST: host, GRPC_PORT: port, POLICIES: policies } = config;
  const closers = createClosers(logger);

  async function start(): Promise<Record<string, string>> {
    await migrate({ url, migrations, logger });
    const db = createDatabase<OrderSchema>({ url, applicationName: 'order', logger });
    closers.keep('database', db);
    const { metricsText = async () => '' } = overrides;
    const pages = { '/policies': policies.print };
    const ops = createOpsServer({ host: config.OPS_HOST, port: config.OPS_PORT, metricsText, pages });
    closers.keep('ops server', ops);
    const keySetFile = join(config.KEYS_DIR, 'public.jwks.json');
    const auth = createVerifier({ keySetFile, issuers: ['gateway'], audience: 'order' });
    const checkedByHandler = ['/shop.order.v1.OrderService/PlaceOrders'];
    const chain = { service: 'order', logger, auth, errors: errorTable, validate: { checkedByHandler } };
    const events = createEventLog({ db, logger });
    const services = await openServices(db, { ...overrides, config, logger, closers, events });
    const reflection = config.NODE_ENV !== 'production';
    const server = createServer({ services, ...chain, policies, reflection, ...serverTls(config, logger) });
    closers.add('server', () => server.close({ graceMs: config.SHUTDOWN_GRACE_MS / 2 }));
    // Watches get one turn of the event loop to say goodbye; the server cuts off those that are left.
    closers.add('watches', () => events.stop().then(() => setImmediate()));
    closers.add('readiness', () => ops.setReady(false));
    return openDoors({ ops, server, host, port });
  }

  return { start, stop: closers.close };
}

type Given = OrderOverrides & { config: OrderConfig; logger: Logger; closers: Closers; events: EventLog };

/** What takes orders to their end, and the services in front of it. */
async function openServices(db: Database<OrderSchema>, given: Given): Promise<Implementation[]> {
  const { config, logger, closers, events, now = () => new Date(), newId = uuidv7, probe } = given;
  const bus = closers.keep('bus', await createBus(config.BUS_URL, { logger }));
  const payments = given.payments ?? connectPayments(given);
  const relay = closers.keep('relay', createRelay({ db, bus, logger }));
  const janitor = closers.keep('janitor', createJanitor({ db, logger }));
  const replies = createReplies({ db, logger, pollMs: 250 });
  const open = createSagaOrders(replies);
  const cancelSaga = createCancelOrderSaga({ open, payments, now });
  const placeSaga = createPlaceOrderSaga({ open, payments, cancelSaga, now });
  // Connections of their own: sagas that wait for a popular product leave those of the callers alone.
  const sagaOptions = { url: config.DATABASE_URL, applicationName: 'sagas', logger };
  const sagaDb = closers.keep('database of the sagas', createDatabase<OrderSchema>(sagaOptions));
  const engine = { db: sagaDb, logger, onEnded: relay.wake, concurrency: 512, ...(probe && { probe }) };
  const runner = createSagaRunner({ ...engine, definitions: [placeSaga, cancelSaga] });
  closers.keep('saga runner', runner);
  closers.keep('replies', replies);
  closers.keep('payment events', consumePaymentEvents(bus, db));
  for (const one of [relay, runner, janitor]) one.start();
  const orders = createOrderDatabase(db, [runner, relay]);
  const readOrders = createReadOrders(orders);
  const interceptors = [errors({ logger, table: errorTable }), serverDeadline(), validate(), idempotency()];
  const method = config.POLICIES.effective(describeService(OrderService).methods['placeOrder']!);
  return [
    createOrderService({
      placeOrder: createPlaceOrder({ db: orders, replies, saga: placeSaga, newId, now }),
      cancelOrder: createCancelOrder({ db: orders, replies, placeSaga, cancelSaga, now }),
      readOrders,
      watchOrders: createWatchOrders(events, readOrders),
      perOrder: { method, interceptors },
    }),
    createCatalogService(createCatalog(orders)),
  ];
}

function connectPayments({ config, logger, closers }: Given): Payments {
  const { PAYMENT_ADDRESS: address, POLICIES: policies } = config;
  const keyFile = join(config.KEYS_DIR, 'order.private.jwk.json');
  const credentials = serviceCredentials({ issuer: 'order', keyFile, audience: 'payment', asItself: true });
  // The saga asks again, on a schedule of its own.
  const chain = { peer: 'payment', logger, credentials, retry: false } as const;
  const client = createClient(PaymentService, { address, policies, ...chain, ...clientTls(config, logger) });
  closers.add('payment client', client[Symbol.asyncDispose]);
  return createPayments(client);
}
