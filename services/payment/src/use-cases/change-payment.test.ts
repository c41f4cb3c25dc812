import { describe, expect, test } from '@jest/globals';
import { createFakePaymentStore } from '../../test/fake-payment-store.ts';
import { createFakeProvider } from '../../test/fake-provider.ts';
import { AT, NAME, NEW_PAYMENT } from '../../test/a-payment.ts';
import { createChangePayment, type RequestKey } from './change-payment.ts';
import { ProviderError } from './provider-error.ts';
import { createSettlePayment } from './settle-payment.ts';

function setup() {
  const fakeStore = createFakePaymentStore();
  const fakeProvider = createFakeProvider();
  const options = { payments: fakeStore.store, now: () => AT };
  const settle = createSettlePayment({ ...options, provider: fakeProvider.provider, timeoutMs: 50 });
  const change = createChangePayment({ ...options, settle });
  return { ...fakeStore, ...fakeProvider, settle, change };
}

function key(name: string, signal = new AbortController().signal): RequestKey {
  return { key: name, fingerprint: name, signal };
}

const silent = (_: unknown, { signal }: { signal: AbortSignal }) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
const turnedAway = () => Promise.reject(new ProviderError('PROVIDER_UNAVAILABLE', 'busy'));

describe('a payment', () => {
  test('goes from authorization over capture to refund, with an event for each outcome', async () => {
    const { change, events, asked } = setup();
    expect(await change.authorize(NEW_PAYMENT, key('a'))).toMatchObject({ status: 'authorized' });
    expect(await change.capture(NAME, key('c'))).toMatchObject({ status: 'captured' });
    expect(await change.refund(NAME, key('r'))).toMatchObject({ status: 'refunded' });
    expect(events.map(({ status, sequence }) => [status, sequence])).toEqual([
      ['authorized', 1n],
      ['captured', 2n],
      ['refunded', 3n],
    ]);
    expect(asked).toEqual(['authorize', 'capture', 'refund']);
  });

  test('that is declined is an answer, and a void of it too', async () => {
    const { change, decideBy } = setup();
    decideBy({ kind: 'declined', reason: 'CARD_EXPIRED' });
    const declined = { status: 'declined', declineReason: 'CARD_EXPIRED' };
    expect(await change.authorize(NEW_PAYMENT, key('a'))).toMatchObject(declined);
    expect(await change.void(NAME, key('v'))).toMatchObject(declined);
  });

  test('voided before its authorization came is never authorized', async () => {
    const { change, asked } = setup();
    expect(await change.void(NAME, key('v'))).toMatchObject({ status: 'voided' });
    await expect(change.authorize(NEW_PAYMENT, key('a'))).rejects.toMatchObject({ reason: 'PAYMENT_VOIDED' });
    expect(asked).toEqual([]);
  });
});

describe('a repeat', () => {
  test('gets the first reply, whatever became of the payment', async () => {
    const { change, asked } = setup();
    const first = await change.authorize(NEW_PAYMENT, key('a'));
    await change.capture(NAME, key('c'));
    expect(await change.authorize(NEW_PAYMENT, key('a'))).toEqual(first);
    expect(asked).toEqual(['authorize', 'capture']);
  });

  test('at the same time shares the one request', async () => {
    const { change, asked } = setup();
    const twenty = Array.from({ length: 20 }, () => change.authorize(NEW_PAYMENT, key('a')));
    expect(new Set((await Promise.all(twenty)).map(({ status }) => status))).toEqual(new Set(['authorized']));
    expect(asked).toEqual(['authorize']);
  });

  test('after silence asks what came of it, and takes what it hears', async () => {
    const { change, next, asked } = setup();
    next('authorize', (act, asking) => (act(), silent(act, asking)));
    const unknown = change.authorize(NEW_PAYMENT, key('a'));
    await expect(unknown).rejects.toMatchObject({ reason: 'UNKNOWN_OUTCOME', retryDelayMs: 200 });
    expect(await change.authorize(NEW_PAYMENT, key('a'))).toMatchObject({ status: 'authorized' });
    expect(asked).toEqual(['authorize', 'lookup']);
  });

  test('asks again where the first request never arrived', async () => {
    const { change, next, asked } = setup();
    next('authorize', turnedAway);
    const refused = change.authorize(NEW_PAYMENT, key('a'));
    await expect(refused).rejects.toMatchObject({ reason: 'PROVIDER_UNAVAILABLE', retryDelayMs: 200 });
    expect(await change.authorize(NEW_PAYMENT, key('a'))).toMatchObject({ status: 'authorized' });
    expect(asked).toEqual(['authorize', 'lookup', 'authorize']);
  });
});

describe('a void while the authorization is undecided', () => {
  test('waits for its outcome and undoes it', async () => {
    const { change, next, asked } = setup();
    const asleep = Promise.withResolvers<void>();
    next('authorize', async (act) => (await asleep.promise, act()));
    const authorizing = change.authorize(NEW_PAYMENT, key('a'));
    const voiding = change.void(NAME, key('v'));
    asleep.resolve();
    expect(await authorizing).toMatchObject({ status: 'authorized' });
    expect(await voiding).toMatchObject({ status: 'voided' });
    expect(asked.filter((request) => request !== 'lookup')).toEqual(['authorize', 'void']);
    expect(await change.void(NAME, key('v'))).toEqual(await voiding);
  });

  test('asks nobody to undo what was declined', async () => {
    const { change, next, decideBy, asked } = setup();
    decideBy({ kind: 'declined', reason: 'CARD_EXPIRED' });
    next('authorize', (act, asking) => (act(), silent(act, asking)));
    await expect(change.authorize(NEW_PAYMENT, key('a'))).rejects.toMatchObject({
      reason: 'UNKNOWN_OUTCOME',
    });
    expect(await change.void(NAME, key('v'))).toMatchObject({ status: 'declined' });
    expect(asked).toEqual(['authorize', 'lookup']);
  });

  test('does not run again what never arrived', async () => {
    const { change, next, asked } = setup();
    next('authorize', turnedAway);
    await expect(change.authorize(NEW_PAYMENT, key('a'))).rejects.toMatchObject({
      reason: 'PROVIDER_UNAVAILABLE',
    });
    expect(await change.void(NAME, key('v'))).toMatchObject({ status: 'voided' });
    expect(asked).toEqual(['authorize', 'lookup', 'void']);
    await expect(change.authorize(NEW_PAYMENT, key('a'))).rejects.toMatchObject({ reason: 'PAYMENT_VOIDED' });
  });
});

describe('a caller that leaves', () => {
  test('before the provider is asked ends the work', async () => {
    const { change, asked } = setup();
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(change.authorize(NEW_PAYMENT, key('a', gone))).rejects.toThrow('gone');
    expect(asked).toEqual([]);
  });

  test('afterwards does not stop the outcome from being recorded', async () => {
    const { change, next, settle, payments } = setup();
    const caller = new AbortController();
    const asleep = Promise.withResolvers<void>();
    next('authorize', async (act) => (caller.abort(new Error('gone')), await asleep.promise, act()));
    await expect(change.authorize(NEW_PAYMENT, key('a', caller.signal))).rejects.toThrow('gone');
    asleep.resolve();
    await settle.drain();
    expect(payments.get(NAME.id)).toMatchObject({ status: 'authorized' });
  });
});
