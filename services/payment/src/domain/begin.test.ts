import { describe, expect, test } from '@jest/globals';
import { aPayment, AT, LATER, NAME, NEW_PAYMENT } from '../../test/a-payment.ts';
import { beginAuthorize, beginCapture, beginRefund, beginVoid } from './begin.ts';
import type { Payment, PaymentAction } from './payment.ts';

type State = Partial<Pick<Payment, 'status' | 'intent' | 'voidRequested'>>;
const PENDING: State = { status: 'pending', intent: 'authorize' };
const UNDOING: State = { ...PENDING, voidRequested: true };
const CAPTURING: State = { status: 'authorized', intent: 'capture' };
const VOIDING: State = { status: 'authorized', intent: 'void' };
const REFUNDING: State = { status: 'captured', intent: 'refund' };

function begin(action: PaymentAction, payment: Payment | undefined): Payment {
  switch (action) {
    case 'authorize':
      return beginAuthorize(payment, NEW_PAYMENT, LATER);
    case 'capture':
      return beginCapture(payment);
    case 'void':
      return beginVoid(payment, NAME, LATER);
    case 'refund':
      return beginRefund(payment);
  }
}

describe('what a payment allows where it stands', () => {
  test.each<[PaymentAction, State, State]>([
    ['capture', { status: 'authorized' }, CAPTURING],
    ['void', { status: 'authorized' }, VOIDING],
    ['void', PENDING, UNDOING],
    ['refund', { status: 'captured' }, REFUNDING],
  ])('%s of %j makes %j', (action, before, after) => {
    expect(begin(action, aPayment(before))).toEqual(aPayment(after));
  });

  test.each<[State]>([[{ status: 'voided' }], [{ status: 'declined' }], [VOIDING]])(
    'a void of %j has nothing more to ask and changes nothing',
    (before) => {
      const payment = aPayment(before);
      expect(beginVoid(payment, NAME, LATER)).toBe(payment);
    },
  );

  test.each<[PaymentAction, State, string]>([
    ['authorize', PENDING, 'PAYMENT_BUSY'],
    ['authorize', { status: 'authorized' }, 'PAYMENT_AUTHORIZED'],
    ['authorize', { status: 'declined' }, 'PAYMENT_DECLINED'],
    ['authorize', { status: 'captured' }, 'PAYMENT_CAPTURED'],
    ['authorize', { status: 'voided' }, 'PAYMENT_VOIDED'],
    ['authorize', { status: 'refunded' }, 'PAYMENT_REFUNDED'],
    ['capture', PENDING, 'PAYMENT_BUSY'],
    ['capture', UNDOING, 'PAYMENT_BUSY'],
    ['capture', CAPTURING, 'PAYMENT_BUSY'],
    ['capture', VOIDING, 'PAYMENT_BUSY'],
    ['capture', { status: 'declined' }, 'PAYMENT_DECLINED'],
    ['capture', { status: 'captured' }, 'PAYMENT_CAPTURED'],
    ['capture', { status: 'voided' }, 'PAYMENT_VOIDED'],
    ['capture', { status: 'refunded' }, 'PAYMENT_REFUNDED'],
    ['void', CAPTURING, 'PAYMENT_BUSY'],
    ['void', REFUNDING, 'PAYMENT_BUSY'],
    ['void', { status: 'captured' }, 'PAYMENT_CAPTURED'],
    ['void', { status: 'refunded' }, 'PAYMENT_REFUNDED'],
    ['refund', PENDING, 'PAYMENT_BUSY'],
    ['refund', { status: 'authorized' }, 'PAYMENT_AUTHORIZED'],
    ['refund', { status: 'declined' }, 'PAYMENT_DECLINED'],
    ['refund', { status: 'voided' }, 'PAYMENT_VOIDED'],
    ['refund', REFUNDING, 'PAYMENT_BUSY'],
    ['refund', { status: 'refunded' }, 'PAYMENT_REFUNDED'],
  ])('%s of %j is refused with %s', (action, before, reason) => {
    expect(() => begin(action, aPayment(before))).toThrow(expect.objectContaining({ reason }));
  });

  test.each<[PaymentAction]>([['capture'], ['refund']])('%s needs a payment', (action) => {
    expect(() => begin(action, undefined)).toThrow(expect.objectContaining({ reason: 'PAYMENT_NOT_FOUND' }));
  });

  test('only a payment that is busy is worth asking again', () => {
    expect(() => beginCapture(aPayment(VOIDING))).toThrow(expect.objectContaining({ retryDelayMs: 250 }));
    expect(() => beginCapture(aPayment({ status: 'voided' }))).toThrow(
      expect.objectContaining({ retryDelayMs: undefined }),
    );
  });
});

describe('a payment that nobody has heard of', () => {
  test('begins with its authorization as intent', () => {
    const expected = { ...NEW_PAYMENT, status: 'pending', intent: 'authorize', sequence: 0n, createdAt: AT };
    expect(beginAuthorize(undefined, NEW_PAYMENT, AT)).toMatchObject(expected);
  });

  test('is voided before it begins', () => {
    const voided = beginVoid(undefined, NAME, AT);
    expect(voided).toMatchObject({ ...NAME, status: 'voided', intent: undefined, amount: undefined });
    expect(() => beginAuthorize(voided, NEW_PAYMENT, LATER)).toThrow(
      expect.objectContaining({ reason: 'PAYMENT_VOIDED' }),
    );
  });
});
