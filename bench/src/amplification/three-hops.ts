import type { DescService } from '@bufbuild/protobuf';
import { describeService, OrderService, PaymentService } from '@millrace/contracts';
import { createClient, createServer, type ClientChainOptions, type Logger } from '@millrace/interceptors';
import { Code, createTransport, RpcError, type Implementation } from '@millrace/rpc';

const ID = '0192f0c1-2e5b-7c3a-9d1e-5a4b3c2d1e0f';
const nothing = (): void => undefined;
const QUIET: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const CALLER = { subject: 'bench', tenant: 'bench', roles: ['admin', 'service:order'] };

/** A caller, and behind it gateway -> order -> payment, each over a real socket and behind its whole chain. */
export interface ThreeHops extends AsyncDisposable {
  /** One call from outside. */
  call(): Promise<unknown>;
  /** Attempts that were sent so far: to the gateway, to order, to payment. */
  readonly attempts: readonly number[];
}

/** What happens in them. */
export interface ThreeHopsOptions {
  /** Asked at each attempt that reaches payment: whether it is UNAVAILABLE. */
  readonly fails: () => boolean;
  /** Of each hop's client. Default: circuits as the protos say. */
  readonly breaker?: ClientChainOptions['breaker'];
}

/** A server whose one method does this. */
async function startServer(descriptor: DescService, handlers: Implementation['handlers']) {
  const services = [{ service: describeService(descriptor), handlers }];
  const server = createServer({ services, logger: QUIET, auth: () => CALLER });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, address: `127.0.0.1:${port}` };
}

/** A client behind its whole chain, and how many attempts it has sent. */
function startClient<S extends DescService>(service: S, address: string, { breaker }: ThreeHopsOptions) {
  const transport = createTransport({ address });
  let attempts = 0;
  const counting: typeof transport = {
    address,
    next: (call) => {
      attempts++;
      return transport.next(call);
    },
    connect: () => transport.connect(),
    close: () => transport.close(),
  };
  const client = createClient(service, {
    transport: counting,
    logger: QUIET,
    ...(breaker !== undefined && { breaker }),
  });
  return { client, attempts: () => attempts, close: () => transport.close() };
}

/** Starts all three, for calls that read an order and its payment. */
export async function startThreeHops(options: ThreeHopsOptions): Promise<ThreeHops> {
  const getPayment = async () => {
    if (options.fails()) throw new RpcError(Code.UNAVAILABLE, 'down');
    return {};
  };
  const payment = await startServer(PaymentService, { getPayment });
  const toPayment = startClient(PaymentService, payment.address, options);
  const readPayment = async () => {
    await toPayment.client.getPayment({ paymentId: ID });
    return {};
  };
  const order = await startServer(OrderService, { getOrder: readPayment });
  const toOrder = startClient(OrderService, order.address, options);
  const passOn = () => toOrder.client.getOrder({ orderId: ID });
  const gateway = await startServer(OrderService, { getOrder: passOn });
  const toGateway = startClient(OrderService, gateway.address, options);
  const clients = [toGateway, toOrder, toPayment];
  return {
    call: () => toGateway.client.getOrder({ orderId: ID }),
    get attempts() {
      return clients.map(({ attempts }) => attempts());
    },
    [Symbol.asyncDispose]: async () => {
      for (const { close } of clients) await close();
      for (const { server } of [gateway, order, payment]) await server.close({ graceMs: 0 });
    },
  };
}
