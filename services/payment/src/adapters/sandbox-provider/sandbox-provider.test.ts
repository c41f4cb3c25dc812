import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDatabase, type Database } from '@millrace/durable';
import { createTestDatabase, type TestDatabase } from '@millrace/durable/testing';
import type { Charge } from '../../use-cases/payment-provider.ts';
import { sandboxProviderMigrations } from './migrations.ts';
import { createSandboxProvider } from './sandbox-provider.ts';
import type { ProviderSchema } from './schema.ts';

let scratch: TestDatabase;
let db: Database<ProviderSchema>;
beforeAll(async () => {
  scratch = await createTestDatabase(sandboxProviderMigrations);
  db = createDatabase({ url: scratch.url, acquireTimeoutMs: 5_000 });
});
afterAll(async () => {
  await db.close();
  await scratch.drop();
});

const { signal } = new AbortController();

function aCharge(minor = 1_250n) {
  const charge: Charge = { paymentId: randomUUID(), amount: { currency: 'GBP', minor } };
  const asking = (action: string, limit = signal) => ({
    key: `${charge.paymentId}:${action}`,
    signal: limit,
  });
  const lines = () =>
    db.read((reader) =>
      reader
        .selectFrom('provider.ledger')
        .select(['kind', 'outcome'])
        .where('payment_id', '=', charge.paymentId)
        .orderBy('created_at')
        .execute(),
    );
  return { charge, asking, lines, provider: createSandboxProvider({ db }) };
}

function twenty<T>(ask: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: 20 }, ask));
}

describe('the ledger', () => {
  test('has one line for each kind, however often and however parallel it is asked', async () => {
    const { charge, asking, lines, provider } = aCharge();
    const authorized = await twenty(() => provider.authorize(charge, asking('authorize')));
    expect(new Set(authorized.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
    expect(authorized[0]).toEqual({ kind: 'approved', reference: expect.stringMatching(/^ch_/) });
    await twenty(() => provider.capture(charge, asking('capture')));
    await twenty(() => provider.refund(charge, asking('refund')));
    const kinds = ['authorize', 'capture', 'refund'];
    expect(await lines()).toEqual(kinds.map((kind) => ({ kind, outcome: 'approved' })));
  });

  test('takes no second charge of a payment under another key', async () => {
    const { charge, asking, provider } = aCharge();
    const asked = await Promise.allSettled(
      [1, 2, 3, 4].map((n) => provider.authorize(charge, asking(`key-${n}`))),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { reason: 'PROVIDER_REFUSED' },
    });
  });

  test('takes either a capture or a void, whichever comes first', async () => {
    const { charge, asking, lines, provider } = aCharge();
    await provider.authorize(charge, asking('authorize'));
    const ends = [provider.capture(charge, asking('capture')), provider.void(charge, asking('void'))];
    const settled = await Promise.allSettled(ends);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await lines()).toHaveLength(2);
  });

  test.each(['capture', 'refund'] as const)('has nothing to %s before its time', async (action) => {
    const { charge, asking, provider } = aCharge();
    const early = provider[action](charge, asking(action));
    await expect(early).rejects.toMatchObject({ reason: 'PROVIDER_REFUSED', retryDelayMs: undefined });
  });

  test('refuses to capture another amount than is held', async () => {
    const { charge, asking, provider } = aCharge();
    await provider.authorize(charge, asking('authorize'));
    const more = { ...charge, amount: { currency: 'GBP', minor: 9_999n } };
    await expect(provider.capture(more, asking('capture'))).rejects.toMatchObject({
      reason: 'PROVIDER_REFUSED',
    });
  });

  test('declines an authorization that comes after its void', async () => {
    const { charge, asking, lines, provider } = aCharge();
    await provider.void(charge, asking('void'));
    const late = await provider.authorize(charge, asking('authorize'));
    expect(late).toEqual({ kind: 'declined', reason: 'CANCELLED' });
    expect(await lines()).toEqual([
      { kind: 'authorize', outcome: 'cancelled' },
      { kind: 'void', outcome: 'approved' },
    ]);
    await provider.void(charge, asking('void'));
    await expect(provider.capture(charge, asking('capture'))).rejects.toMatchObject({
      reason: 'PROVIDER_REFUSED',
    });
  });

  test('tells what came of a key, and that it has never seen one', async () => {
    const { charge, asking, provider } = aCharge();
    const outcome = await provider.authorize(charge, asking('authorize'));
    expect(await provider.lookup(asking('authorize'))).toEqual(outcome);
    expect(await provider.lookup(asking('capture'))).toBeUndefined();
  });
});

describe('a magic amount', () => {
  test.each([
    [90_000_002n, 'INSUFFICIENT_FUNDS'],
    [90_000_003n, 'CARD_EXPIRED'],
  ])('%d is declined with %s, again and again', async (minor, reason) => {
    const { charge, asking, provider } = aCharge(minor);
    for (const key of [asking('authorize'), asking('authorize')]) {
      expect(await provider.authorize(charge, key)).toEqual({ kind: 'declined', reason });
    }
  });

  test('90000005 answers late, and at once when asked again', async () => {
    const { charge, asking, provider } = aCharge(90_000_005n);
    const startMs = performance.now();
    await provider.authorize(charge, asking('authorize'));
    expect(performance.now() - startMs).toBeGreaterThan(1_490);
    const againMs = performance.now();
    await provider.authorize(charge, asking('authorize'));
    expect(performance.now() - againMs).toBeLessThan(1_400);
  });

  test('90000007 charges without an answer, and tells it when asked again', async () => {
    const { charge, asking, lines, provider } = aCharge(90_000_007n);
    const limit = AbortSignal.timeout(200);
    await expect(provider.authorize(charge, asking('authorize', limit))).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(await lines()).toHaveLength(1);
    expect(await provider.authorize(charge, asking('authorize'))).toMatchObject({ kind: 'approved' });
    expect(await lines()).toHaveLength(1);
  });

  test('90000009 is turned away once, without an effect', async () => {
    const { charge, asking, lines, provider } = aCharge(90_000_009n);
    const first = provider.authorize(charge, asking('authorize'));
    await expect(first).rejects.toMatchObject({ reason: 'PROVIDER_UNAVAILABLE' });
    expect(await lines()).toEqual([]);
    expect(await provider.authorize(charge, asking('authorize'))).toMatchObject({ kind: 'approved' });
  });
});
