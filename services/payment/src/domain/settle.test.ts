import { describe, expect, test } from '@jest/globals';
import { aPayment, LATER } from '../../test/a-payment.ts';
import type { Payment, PaymentAction, PaymentStatus } from './payment.ts';
import { actionToAsk, isAnswerTo, settle, type Outcome } from './settle.ts';

const APPROVED: Outcome = { kind: 'approved', reference: 'ch_2' };
const DECLINED: Outcome = { kind: 'declined', reason: 'CARD_EXPIRED' };
const PENDING = { status: 'pending', intent: 'authorize', providerReference: undefined } as const;
const UNDOING = { ...PENDING, voidRequested: true } as const;

describe('an outcome', () => {
  test.each<[PaymentAction, Partial<Payment>, Partial<Payment>]>([
    ['authorize', PENDING, { status: 'authorized', providerReference: 'ch_2' }],
    ['authorize', UNDOING, { status: 'authorized', providerReference: 'ch_2', intent: 'void' }],
    ['capture', { intent: 'capture' }, { status: 'captured' }],
    ['void', { intent: 'void' }, { status: 'voided' }],
    ['void', UNDOING, { status: 'voided', providerReference: 'ch_2' }],
    ['refund', { status: 'captured', intent: 'refund' }, { status: 'refunded' }],
  ])('%s approved turns %j into %j', (action, before, after) => {
    const payment = aPayment(before);
    expect(settle(payment, { action, outcome: APPROVED }, LATER)).toEqual({
      ...payment,
      intent: undefined,
      ...after,
      sequence: payment.sequence + 1n,
      updatedAt: LATER,
    });
  });

  test.each([[PENDING], [UNDOING]])('authorize declined ends %j', (before) => {
    const declined = settle(aPayment(before), { action: 'authorize', outcome: DECLINED }, LATER);
    expect(declined).toMatchObject({ status: 'declined', declineReason: 'CARD_EXPIRED', intent: undefined });
  });

  test.each<[PaymentAction, Partial<Payment>]>([
    ['authorize', { status: 'authorized' }],
    ['authorize', { status: 'voided' }],
    ['authorize', { status: 'authorized', intent: 'void' }],
    ['void', PENDING],
    ['capture', { status: 'captured' }],
    ['refund', { status: 'refunded' }],
  ])('of %s that is not awaited by %j changes nothing', (action, before) => {
    const payment = aPayment(before);
    expect(settle(payment, { action, outcome: APPROVED }, LATER)).toBe(payment);
  });

  test('that makes no sense is not recorded', () => {
    expect(() =>
      settle(aPayment({ intent: 'capture' }), { action: 'capture', outcome: DECLINED }, LATER),
    ).toThrow(/cannot decline/);
  });
});

test('an authorization nobody wants any more is not asked for again, but voided', () => {
  expect(actionToAsk(aPayment(PENDING))).toBe('authorize');
  expect(actionToAsk(aPayment(UNDOING))).toBe('void');
  expect(actionToAsk(aPayment({ intent: 'refund' }))).toBe('refund');
  expect(actionToAsk(aPayment())).toBeUndefined();
});

test.each<[PaymentStatus, PaymentAction[]]>([
  ['pending', []],
  ['authorized', ['authorize']],
  ['declined', ['authorize', 'void']],
  ['captured', ['capture']],
  ['voided', ['void']],
  ['refunded', ['refund']],
])('a %s payment answers %j', (status, answered) => {
  const actions: PaymentAction[] = ['authorize', 'capture', 'void', 'refund'];
  expect(actions.filter((action) => isAnswerTo(action, aPayment({ status })))).toEqual(answered);
});
