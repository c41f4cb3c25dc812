/** The code of docs/interceptors.md, compiled. Each region is cut out as it stands. */
import { trace } from '@opentelemetry/api';
import { CatalogService, createPolicyTable, OrderService, parsePolicies } from '@millrace/contracts';
import type { GetOrderResponse } from '@millrace/contracts';
import { createClient, createServer, createVerifier, RetryBudget } from '@millrace/interceptors';
import { FALLBACK_KEY, serverInterceptors, serviceCredentials, spiffeServices } from '@millrace/interceptors';
import type { ClientChainOptions, ErrorTable, Logger, ServerChainOptions } from '@millrace/interceptors';
import { badRequest, callAll, Code, currentContext, mergeMetadata, onFinished, watch } from '@millrace/rpc';
import type { Client, Implementation, Interceptor } from '@millrace/rpc';

type Orders = Client<typeof OrderService>;
type Catalog = Client<typeof CatalogService>;
const address = 'order:50051';

export async function server(orders: Implementation): Promise<void> {
  // #region create-server
  const server = createServer({ services: [orders] });
  await server.listen({ host: '0.0.0.0', port: 50051 });
  // #endregion
}

export async function client(orderId: string): Promise<GetOrderResponse> {
  // #region create-client
  await using orders = createClient(OrderService, { address: 'order:50051' });
  return await orders.getOrder({ orderId });
  // #endregion
}

export function policies(orders: Implementation): unknown {
  // #region policies
  const policies = createPolicyTable([OrderService], parsePolicies(process.env['POLICIES'] ?? '{}'));
  const server = createServer({ services: [orders], policies });
  console.log(policies.print()['shop.order.v1.OrderService/GetOrder']);
  // #endregion
  return server;
}

export async function deadline(orders: Orders, orderId: string, rows: (signal: AbortSignal) => unknown) {
  // #region deadline
  // At most 300 ms, at most what the request at hand has left, at most what the proto says.
  await orders.getOrder({ orderId }, { timeoutMs: 300 });
  // In a handler: what else must stop when nobody waits any more.
  await rows(currentContext().signal);
  // #endregion
}

export function retries(): readonly ClientChainOptions[] {
  // #region retry
  const budget = new RetryBudget({ capacity: 10, perSuccess: 0.1 });
  const shared: ClientChainOptions = { retry: { budget } };
  const never: ClientChainOptions = { retry: false };
  // #endregion
  return [shared, never];
}

export function hedges() {
  // #region hedge
  const policies = createPolicyTable([OrderService], {
    'shop.order.v1.OrderService/GetOrder': { hedge: { delayMs: 30 } },
  });
  return createClient(OrderService, { address, policies });
  // #endregion
}

export function breakers() {
  // #region breaker
  const policies = createPolicyTable([OrderService], {
    'shop.order.v1.OrderService': { breaker: { failureRatio: 0.3, slowCallMs: 500 } },
  });
  return createClient(OrderService, { address, policies });
  // #endregion
}

export function bulkheads() {
  // #region bulkhead
  const reads = { bulkhead: { group: 'reads', maxConcurrent: 50, maxQueued: 10 } };
  return createPolicyTable([OrderService], {
    'shop.order.v1.OrderService/GetOrder': reads,
    'shop.order.v1.OrderService/ListOrders': reads,
  });
  // #endregion
}

export function shedding(orders: Implementation) {
  // #region shed
  return createServer({ services: [orders], shed: { maxWaitMs: 50 } });
  // #endregion
}

export function tracing(lines: readonly string[]): void {
  // #region tracing
  trace.getActiveSpan()?.addEvent('priced', { lines: lines.length });
  const { traceId } = currentContext().trace ?? {};
  // #endregion
  void traceId;
}

export function logging(logger: Logger): ServerChainOptions {
  // #region logging
  return { service: 'order', logger, logging: { slowMs: 500, sampleSuccess: 0.001 } };
  // #endregion
}

export function errorTable(orders: Implementation) {
  // #region errors
  const errors: ErrorTable = { ORDER_NOT_FOUND: Code.NOT_FOUND, ORDER_TOO_LATE: Code.FAILED_PRECONDITION };
  // In the domain: throw Object.assign(new Error('no such order'), { reason: 'ORDER_NOT_FOUND' })
  return createServer({ services: [orders], errors });
  // #endregion
}

export function authentication(orders: Implementation) {
  // #region auth
  const auth = createVerifier({
    keySetUrl: 'https://login.example.com/.well-known/jwks.json',
    issuers: ['https://login.example.com'],
    audience: 'order',
    algorithms: ['ES256'],
  });
  return createServer({ services: [orders], auth });
  // #endregion
}

export function credentials() {
  // #region credentials
  const credentials = serviceCredentials({
    issuer: 'gateway',
    keyFile: 'gateway.jwk.json',
    audience: 'order',
  });
  return createClient(OrderService, { address, credentials });
  // #endregion
}

export function mutualTls(orders: Implementation) {
  // #region mtls
  const certificates = spiffeServices('shop.example');
  const auth = createVerifier({
    keySetFile: 'keys.json',
    issuers: ['gateway'],
    audience: 'order',
    certificates,
  });
  const tls = { certFile: 'tls.crt', keyFile: 'tls.key', clientCaFile: 'ca.crt' };
  return createServer({ services: [orders], auth, tls });
  // #endregion
}

export function validation(quantity: number): void {
  // #region validate
  // What a rule of the proto cannot say is said by the handler, in the same form.
  if (quantity % 12 !== 0) throw badRequest([{ field: 'quantity', description: 'must be whole dozens' }]);
  // #endregion
}

export async function resumed(orders: Orders, show: (status: number) => void): Promise<void> {
  // #region watch
  const open = (cursor: string) => orders.watchOrders({ cursor });
  for await (const { event } of watch({ open, cursorOf: ({ event }) => event?.cursor ?? '', from: '0' })) {
    show(event?.order?.status ?? 0);
  }
  // #endregion
}

export function fallbacks(remembered: () => object | undefined) {
  // #region fallback
  const fallbacks = { '/shop.order.v1.CatalogService/ListProducts': () => remembered() };
  const catalog = createClient(CatalogService, { address, fallbacks });
  return catalog.listProducts({}, { onHeaders: (headers) => console.log(headers.get(FALLBACK_KEY)) });
  // #endregion
}

export async function fanOut(orders: Orders, ids: readonly string[]) {
  // #region call-all
  const outcomes = await callAll(ids, (orderId) => orders.getOrder({ orderId }), { concurrency: 8 });
  return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.order] : []));
  // #endregion
}

export function endpoints() {
  // #region endpoints
  // A name with many addresses, as a headless Kubernetes service has, or a list.
  return [
    createClient(OrderService, { address: 'order-headless.shop.svc:50051' }),
    createClient(OrderService, { address: '10.0.0.1:50051,10.0.0.2:50051' }),
  ];
  // #endregion
}

export function own(catalog: Catalog): Interceptor[] {
  // #region own
  const counted = new Map<string, number>();
  const count: Interceptor = (call, next) => {
    counted.set(call.method.name, (counted.get(call.method.name) ?? 0) + 1);
    return onFinished(next(call), (error) => error && console.error(call.method.name, error.reason));
  };
  const region: Interceptor = (call, next) =>
    next(
      call.with({
        metadata: mergeMetadata(call.metadata, { region: 'eu' }),
      }),
    );
  // #endregion
  void catalog;
  return [count, region, ...serverInterceptors()];
}
