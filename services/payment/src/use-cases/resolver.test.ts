import { expect, test } from '@jest/globals';
import { createFakePaymentStore } from '../../test/fake-payment-store.ts';
import { createFakeProvider } from '../../test/fake-provider.ts';
import { aPayment, AT } from '../../test/a-payment.ts';
import { createResolver } from './resolver.ts';
import { createSettlePayment } from './settle-payment.ts';

function setup() {
  const { store, payments } = createFakePaymentStore();
  const fake = createFakeProvider();
  const settle = createSettlePayment({
    payments: store,
    provider: fake.provider,
    timeoutMs: 50,
    now: () => AT,
  });
  const settled = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<object>();
  const logger = { info: () => settled.resolve(), warn: (fields: object) => failed.resolve(fields) };
  const resolver = createResolver({ payments: store, settle, logger, idleMs: 2 });
  return { payments, store, ...fake, resolver, settled: settled.promise, failed: failed.promise };
}

const PENDING = aPayment({ status: 'pending', intent: 'authorize', providerReference: undefined });

test('a payment that a crash left undecided takes the outcome that the provider knows', async () => {
  const { payments, ledger, asked, resolver, settled } = setup();
  payments.set(PENDING.id, PENDING);
  ledger.set(`${PENDING.id}:authorize`, { kind: 'approved', reference: 'ch_9' });
  resolver.start();
  await settled;
  await resolver.stop();
  expect(payments.get(PENDING.id)).toMatchObject({ status: 'authorized', providerReference: 'ch_9' });
  expect(asked).toEqual(['lookup']);
});

test('a void that came meanwhile is carried through', async () => {
  const { payments, ledger, resolver, settled } = setup();
  payments.set(PENDING.id, { ...PENDING, voidRequested: true });
  ledger.set(`${PENDING.id}:authorize`, { kind: 'approved', reference: 'ch_9' });
  resolver.start();
  await settled;
  await resolver.stop();
  expect(payments.get(PENDING.id)).toMatchObject({ status: 'voided', intent: undefined });
});

test('a provider that still does not answer is reported and asked again later', async () => {
  const { payments, next, asked, resolver, settled, failed } = setup();
  payments.set(PENDING.id, PENDING);
  next('authorize', () => Promise.reject(new Error('reset')));
  resolver.start();
  expect(await failed).toMatchObject({ paymentId: PENDING.id, err: { reason: 'UNKNOWN_OUTCOME' } });
  await settled;
  await resolver.stop();
  expect(asked).toEqual(['lookup', 'authorize', 'lookup', 'authorize']);
});

test('a store that cannot be read does not end the loop', async () => {
  const { store, payments, resolver, settled, failed } = setup();
  const { claimUndecided } = store;
  store.claimUndecided = () => {
    store.claimUndecided = claimUndecided;
    return Promise.reject(new Error('away'));
  };
  payments.set(PENDING.id, PENDING);
  resolver.start();
  expect(await failed).toMatchObject({ err: { message: 'away' } });
  await settled;
  await resolver.stop();
});
