import { toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import {
  AuthorizeRequestSchema,
  CaptureRequestSchema,
  PaymentService,
  RefundRequestSchema,
  VoidRequestSchema,
  type Money as MoneyMessage,
} from '@millrace/contracts';
import { fingerprint } from '@millrace/durable';
import { badRequest, Code, implement, RpcError, type Call, type Implementation } from '@millrace/rpc';
import type { PaymentName } from '../domain/begin.ts';
import { isKnownCurrency, type Money } from '../domain/money.ts';
import type { ChangePayment, RequestKey } from '../use-cases/change-payment.ts';
import type { GetPayment } from '../use-cases/get-payment.ts';
import { toMessage } from './payment-message.ts';

export interface PaymentServiceOptions {
  readonly changePayment: ChangePayment;
  readonly getPayment: GetPayment;
}

/** Answers the payment service's calls: messages in and out, the rest is the use cases'. */
export function createPaymentService({ changePayment, getPayment }: PaymentServiceOptions): Implementation {
  return implement(PaymentService, {
    async authorize(request, call) {
      const { orderId, amount } = request;
      const payment = { ...nameOf(request, call), orderId: orderId.toLowerCase(), amount: moneyOf(amount) };
      const key = keyOf(AuthorizeRequestSchema, request, call);
      return { payment: toMessage(await changePayment.authorize(payment, key)) };
    },
    async capture(request, call) {
      const key = keyOf(CaptureRequestSchema, request, call);
      return { payment: toMessage(await changePayment.capture(nameOf(request, call), key)) };
    },
    async void(request, call) {
      const key = keyOf(VoidRequestSchema, request, call);
      return { payment: toMessage(await changePayment.void(nameOf(request, call), key)) };
    },
    async refund(request, call) {
      const key = keyOf(RefundRequestSchema, request, call);
      return { payment: toMessage(await changePayment.refund(nameOf(request, call), key)) };
    },
    async getPayment(request, call) {
      return { payment: toMessage(await getPayment(nameOf(request, call), call)) };
    },
  });
}

/** The tenant is the verified caller's; a request has no say in it. */
function nameOf({ paymentId }: { paymentId: string }, { context }: Call): PaymentName {
  const { principal } = context;
  if (!principal) throw new RpcError(Code.UNAUTHENTICATED, 'the caller is not known');
  return { tenant: principal.tenant, id: paymentId.toLowerCase() };
}

function keyOf<D extends DescMessage>(
  schema: D,
  request: MessageShape<D> & { idempotencyKey: string },
  { signal }: Call,
): RequestKey {
  const bytes = toBinary(schema, request, { writeUnknownFields: false });
  return { key: request.idempotencyKey, fingerprint: fingerprint(bytes), signal };
}

function moneyOf(amount: MoneyMessage | undefined): Money {
  const currency = amount?.currencyCode ?? '';
  if (amount && isKnownCurrency(currency)) return { currency, minor: amount.amountMinor };
  const description = 'must be a currency the shop takes';
  throw badRequest([{ field: 'amount.currency_code', description, reason: 'UNKNOWN_CURRENCY' }]);
}
