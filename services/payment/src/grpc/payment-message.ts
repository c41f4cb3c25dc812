import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { PaymentSchema, PaymentStatus as Proto, type Payment as PaymentMessage } from '@millrace/contracts';
import type { PaymentStatus, PaymentView } from '../domain/payment.ts';

const STATUSES: Readonly<Record<PaymentStatus, Proto>> = {
  pending: Proto.PENDING,
  authorized: Proto.AUTHORIZED,
  declined: Proto.DECLINED,
  captured: Proto.CAPTURED,
  voided: Proto.VOIDED,
  refunded: Proto.REFUNDED,
};

/** A payment as its contract has it. */
export function toMessage(payment: PaymentView): PaymentMessage {
  const { amount } = payment;
  return create(PaymentSchema, {
    id: payment.id,
    orderId: payment.orderId ?? '',
    ...(amount && { amount: { currencyCode: amount.currency, amountMinor: amount.minor } }),
    status: STATUSES[payment.status],
    declineReason: payment.declineReason ?? '',
    providerReference: payment.providerReference ?? '',
    createTime: timestampFromDate(payment.createdAt),
    updateTime: timestampFromDate(payment.updatedAt),
  });
}

/** The other way round, for messages that `toMessage` made. */
function fromMessage({ id, orderId, amount, status, ...message }: PaymentMessage): PaymentView {
  const known = Object.entries(STATUSES).find(([, proto]) => proto === status);
  const { createTime, updateTime } = message;
  if (!known || !createTime || !updateTime) throw new Error(`payment ${id} was stored in an unknown form`);
  return {
    id,
    orderId: orderId || undefined,
    amount: amount && { currency: amount.currencyCode, minor: amount.amountMinor },
    status: known[0] as PaymentStatus,
    declineReason: message.declineReason || undefined,
    providerReference: message.providerReference || undefined,
    createdAt: timestampDate(createTime),
    updatedAt: timestampDate(updateTime),
  };
}

/** How payments stand in events and stored replies: the bytes of their message. */
export const paymentCodec = {
  encode: (payment: PaymentView): Uint8Array => toBinary(PaymentSchema, toMessage(payment)),
  decode: (bytes: Uint8Array): PaymentView => fromMessage(fromBinary(PaymentSchema, bytes)),
};
