import { expect, test } from '@jest/globals';
import { createFakePaymentStore } from '../../test/fake-payment-store.ts';
import { aPayment, NAME } from '../../test/a-payment.ts';
import { createGetPayment } from './get-payment.ts';

const { signal } = new AbortController();

test('a payment is found by its own tenant only', async () => {
  const { store, payments } = createFakePaymentStore();
  payments.set(NAME.id, aPayment());
  const getPayment = createGetPayment({ payments: store });
  expect(await getPayment(NAME, { signal })).toEqual(aPayment());
  const foreign = getPayment({ ...NAME, tenant: 'other' }, { signal });
  await expect(foreign).rejects.toMatchObject({ reason: 'PAYMENT_NOT_FOUND' });
});
