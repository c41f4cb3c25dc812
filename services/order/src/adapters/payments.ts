import { PaymentStatus, type PaymentService } from '@millrace/contracts';
import type { Outcome, SagaView, StepCall } from '@millrace/durable';
import { readTraceContext } from '@millrace/interceptors';
import { Code, Context, createMetadata, RpcError, type CallOptions, type Client } from '@millrace/rpc';
import type { OrderData, Payments } from '../use-cases/ports.ts';

type Saga = SagaView<OrderData>;

/** Errors that say the request will never be granted. Any other leaves the outcome open: the saga asks again. */
const FINAL: ReadonlySet<Code> = new Set([Code.FAILED_PRECONDITION, Code.INVALID_ARGUMENT]);

/** Payments by the payment service. */
export function createPayments(client: Client<typeof PaymentService>): Payments {
  return {
    authorize: (saga, call) =>
      unlessRefused(async () => {
        const { orderId, paymentId, currency, totalMinor } = saga.data;
        const amount = { currencyCode: currency, amountMinor: totalMinor };
        const request = { idempotencyKey: call.key, paymentId, orderId, amount };
        const { payment } = await client.authorize(request, forSaga(saga, call));
        const declined = payment?.status === PaymentStatus.DECLINED;
        return declined ? { kind: 'refused', reason: 'PAYMENT_DECLINED' } : { kind: 'done' };
      }),
    capture: (saga, call) =>
      unlessRefused(async () => {
        await client.capture(toRequest(saga, call), forSaga(saga, call));
        return { kind: 'done' };
      }),
    void: async (saga, call) => {
      await client.void(toRequest(saga, call), forSaga(saga, call));
    },
    refund: async (saga, call) => {
      await client.refund(toRequest(saga, call), forSaga(saga, call));
      return { kind: 'done' };
    },
  };
}

function toRequest({ data }: Saga, { key }: StepCall) {
  return { idempotencyKey: key, paymentId: data.paymentId };
}

/** A saga has no caller any more: its calls carry the order's tenant and trace, and nobody's deadline. */
function forSaga({ tenant, trace }: Saga, { signal }: StepCall): CallOptions {
  const principal = { subject: 'order', tenant, roles: ['service:order'] };
  const span = readTraceContext(createMetadata({ traceparent: trace }));
  return { signal, context: new Context({ principal, trace: span, criticality: 'critical' }) };
}

async function unlessRefused(ask: () => Promise<Outcome<OrderData>>): Promise<Outcome<OrderData>> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RpcError && FINAL.has(error.code)) return { kind: 'refused', reason: error.reason };
    throw error;
  }
}
