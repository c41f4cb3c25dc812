import { join } from 'node:path';
import { PaymentService, PaymentStatus, type AuthorizeRequest } from '@millrace/contracts';
import { createVerifier, serverInterceptors } from '@millrace/interceptors';
import { Code, createBareServer, implement, RpcError, type Call, type Context } from '@millrace/rpc';
import { silent } from './silent-logger.ts';

export type PaymentMethod = 'authorize' | 'capture' | 'void' | 'refund';

/** What the fake does before (or after) it answers; a throw is what the caller gets. */
export type Hook = (request: { paymentId: string }, call: Call) => Promise<void> | void;

/** A payment service in memory, over real gRPC. It moves money once for each key, whatever happens to its answers. */
export interface PaymentServer {
  readonly address: string;
  /** Every movement of money, once for each key. */
  readonly ledger: { method: PaymentMethod; key: string; paymentId: string; amountMinor: bigint }[];
  /** Every call, repeats too. */
  readonly calls: {
    method: PaymentMethod;
    key: string;
    paymentId: string;
    context: Context;
  }[];
  /** Runs before the money moves. */
  before(method: PaymentMethod, hook: Hook): void;
  /** Runs after the money moved and before the answer leaves. */
  after(method: PaymentMethod, hook: Hook): void;
  /** Payments of this amount are declined. */
  decline(amountMinor: bigint): void;
  /** Takes back all that was said of how to behave. */
  behave(): void;
  /** What was charged for payments less what went back. */
  balanceMinor(): bigint;
  stop(): Promise<void>;
}

const AFTERWARDS: Readonly<Record<PaymentMethod, PaymentStatus>> = {
  authorize: PaymentStatus.AUTHORIZED,
  capture: PaymentStatus.CAPTURED,
  void: PaymentStatus.VOIDED,
  refund: PaymentStatus.REFUNDED,
};

interface Payment {
  status: PaymentStatus;
  amountMinor: bigint;
}

export async function startPaymentServer(keysDir: string): Promise<PaymentServer> {
  const ledger: PaymentServer['ledger'] = [];
  const calls: PaymentServer['calls'] = [];
  const payments = new Map<string, Payment>();
  const declined = new Set<bigint>();
  const hooks = { before: new Map<PaymentMethod, Hook>(), after: new Map<PaymentMethod, Hook>() };

  function change(method: PaymentMethod, paymentId: string, amountMinor: bigint): Payment {
    const known = payments.get(paymentId);
    if (method === 'authorize') {
      if (known) throw new RpcError(Code.FAILED_PRECONDITION, 'too late', { reason: 'PAYMENT_VOIDED' });
      const status = declined.has(amountMinor) ? PaymentStatus.DECLINED : PaymentStatus.AUTHORIZED;
      return { status, amountMinor };
    }
    if (method === 'void' && !known) return { status: PaymentStatus.VOIDED, amountMinor: 0n };
    if (!known) throw new RpcError(Code.NOT_FOUND, 'no such payment', { reason: 'PAYMENT_NOT_FOUND' });
    if (method === 'void' && known.status === PaymentStatus.DECLINED) return known;
    const needed = method === 'refund' ? PaymentStatus.CAPTURED : PaymentStatus.AUTHORIZED;
    if (known.status !== needed) {
      throw new RpcError(Code.FAILED_PRECONDITION, 'not now', {
        reason: `PAYMENT_${PaymentStatus[known.status]}`,
      });
    }
    return { ...known, status: AFTERWARDS[method] };
  }

  const handle =
    (method: PaymentMethod) =>
    async (
      request: { idempotencyKey: string; paymentId: string; amount?: AuthorizeRequest['amount'] },
      call: Call,
    ) => {
      const { idempotencyKey: key, paymentId } = request;
      calls.push({ method, key, paymentId, context: call.context });
      await hooks.before.get(method)?.(request, call);
      if (!ledger.some((entry) => entry.method === method && entry.key === key)) {
        const payment = change(method, paymentId, request.amount?.amountMinor ?? 0n);
        payments.set(paymentId, payment);
        ledger.push({ method, key, paymentId, amountMinor: payment.amountMinor });
      }
      await hooks.after.get(method)?.(request, call);
      const { status = 0, amountMinor = 0n } = payments.get(paymentId) ?? {};
      return { payment: { id: paymentId, status, amount: { currencyCode: 'GBP', amountMinor } } };
    };

  const keySetFile = join(keysDir, 'public.jwks.json');
  const auth = createVerifier({ keySetFile, issuers: ['order'], audience: 'payment' });
  const server = createBareServer({
    services: [
      implement(PaymentService, {
        authorize: handle('authorize'),
        capture: handle('capture'),
        void: handle('void'),
        refund: handle('refund'),
        getPayment: () => Promise.reject(new RpcError(Code.UNIMPLEMENTED, 'not needed')),
      }),
    ],
    interceptors: serverInterceptors({ service: 'payment', logger: silent, auth }),
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    address: `127.0.0.1:${port}`,
    ledger,
    calls,
    before: (method, hook) => void hooks.before.set(method, hook),
    after: (method, hook) => void hooks.after.set(method, hook),
    behave: () => {
      declined.clear();
      hooks.before.clear();
      hooks.after.clear();
    },
    decline: (amountMinor) => void declined.add(amountMinor),
    balanceMinor: () =>
      ledger.reduce((sum, { method, amountMinor }) => {
        if (method === 'capture') return sum + amountMinor;
        return method === 'refund' ? sum - amountMinor : sum;
      }, 0n),
    stop: () => server.close({ graceMs: 0 }),
  };
}
