import { join } from 'node:path';
import { CatalogService, OrderService } from '@millrace/contracts';
import { createVerifier, serverInterceptors, type Logger } from '@millrace/interceptors';
import {
  Code,
  createBareServer,
  implement,
  RpcError,
  type Call,
  type Handlers,
  type RpcServer,
} from '@millrace/rpc';

type OrderHandlers = Handlers<typeof OrderService>;

const unexpected = (): never => {
  throw new RpcError(Code.UNIMPLEMENTED, 'the test expects no such call');
};

/** Answers in place of the order service, over a real socket and with its real checks. */
export interface FakeOrderService {
  readonly address: string;
  /** What it answers; replaced by each test. */
  readonly handlers: OrderHandlers;
  /** Every call that got in, with the milliseconds it had left. */
  readonly calls: { readonly call: Call; readonly leftMs: number }[];
  reset(): void;
  close(): Promise<void>;
}

function unexpectedHandlers(): OrderHandlers {
  return {
    placeOrder: unexpected,
    placeOrders: unexpected,
    getOrder: unexpected,
    listOrders: unexpected,
    cancelOrder: unexpected,
    watchOrders: unexpected,
  };
}

function delegate(to: () => OrderHandlers): OrderHandlers {
  const names = Object.keys(unexpectedHandlers()) as (keyof OrderHandlers)[];
  const entries = names.map((name) => [
    name,
    (input: never, call: Call) => (to()[name] as (input: never, call: Call) => unknown)(input, call),
  ]);
  return Object.fromEntries(entries) as unknown as OrderHandlers;
}

export async function startFakeOrderService(keysDir: string, logger: Logger): Promise<FakeOrderService> {
  const handlers = unexpectedHandlers();
  const calls: FakeOrderService['calls'] = [];
  const keySetFile = join(keysDir, 'public.jwks.json');
  const auth = createVerifier({ keySetFile, issuers: ['gateway'], audience: 'order' });
  const server: RpcServer = createBareServer({
    services: [
      implement(
        OrderService,
        delegate(() => handlers),
      ),
      implement(CatalogService, {
        listProducts: async () => ({ products: [{ sku: 'MUG', available: 7n }] }),
        putProducts: async ({ products }) => ({ count: products.length }),
      }),
    ],
    interceptors: [
      ...serverInterceptors({ service: 'order', logger, auth }),
      (call, next) => {
        calls.push({ call, leftMs: call.deadlineMs - performance.now() });
        return next(call);
      },
    ],
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    address: `127.0.0.1:${port}`,
    handlers,
    calls,
    reset: () => {
      Object.assign(handlers, unexpectedHandlers());
      calls.length = 0;
    },
    close: () => server.close({ graceMs: 0 }),
  };
}
