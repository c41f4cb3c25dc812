import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database, DurableTables } from '../index.ts';
import { createDatabase, durableMigrations } from '../index.ts';
import type { TestDatabase } from '../testing/index.ts';
import { createTestDatabase } from '../testing/index.ts';
import { IdempotencyKeyReused, OperationBarred } from './errors.ts';
import { deleteOldOperations } from './delete-old-operations.ts';
import { fingerprint } from './fingerprint.ts';
import { once } from './once.ts';
import type { Operation } from './operation.ts';
import { settle } from './settle.ts';
import { tombstone } from './tombstone.ts';

let scratch: TestDatabase;
let db: Database<DurableTables>;
beforeAll(async () => {
  scratch = await createTestDatabase(durableMigrations);
  db = createDatabase({ url: scratch.url, maxConnections: 20, acquireTimeoutMs: 10_000 });
});
afterAll(async () => {
  await db.close();
  await scratch.drop();
});

const request = Buffer.from('two apples');
const reply = Buffer.from('order o-1');
function operation(key: string, changes: Partial<Operation> = {}): Operation {
  return {
    tenant: 'acme',
    method: 'PlaceOrder',
    key,
    fingerprint: fingerprint(request),
    subjectId: key,
    ...changes,
  };
}

test('of parallel duplicates one makes the effect and all others learn of it', async () => {
  let effects = 0;
  const place = (subjectId: string) =>
    db.transaction((tx) =>
      once(tx, operation('parallel', { subjectId }), async () => {
        effects += 1;
        await settle(tx, operation('parallel'), reply);
      }),
    );
  const results = await Promise.all(Array.from({ length: 100 }, (_, index) => place(`o-${index}`)));
  expect(effects).toBe(1);
  expect(results.filter(({ kind }) => kind === 'first')).toHaveLength(1);
  const winner = results.findIndex(({ kind }) => kind === 'first');
  for (const result of results) {
    if (result.kind === 'first') continue;
    expect(result.subjectId).toBe(`o-${winner}`);
    expect(Buffer.from(result.reply ?? []).toString()).toBe('order o-1');
  }
});

test('an effect that fails leaves the key free', async () => {
  const failing = db.transaction((tx) =>
    once(tx, operation('free'), () => Promise.reject(new Error('no stock'))),
  );
  await expect(failing).rejects.toThrow('no stock');
  const again = await db.transaction((tx) => once(tx, operation('free'), () => Promise.resolve(7)));
  expect(again).toEqual({ kind: 'first', value: 7 });
});

test('the same key with another request is refused; other tenants and methods have keys of their own', async () => {
  const run = (changes: Partial<Operation>) =>
    db.transaction((tx) => once(tx, operation('shared', changes), () => Promise.resolve('ran')));
  await run({});
  await expect(run({ fingerprint: fingerprint(Buffer.from('three apples')) })).rejects.toBeInstanceOf(
    IdempotencyKeyReused,
  );
  expect(await run({ tenant: 'other' })).toMatchObject({ kind: 'first' });
  expect(await run({ method: 'CancelOrder' })).toMatchObject({ kind: 'first' });
});

test('a reply can be written by subject, once', async () => {
  const placed = operation('by-subject', { subjectId: 'o-77' });
  await db.transaction((tx) => once(tx, placed, () => Promise.resolve()));
  const subject = { tenant: 'acme', method: 'PlaceOrder', subjectId: 'o-77' };
  await db.transaction((tx) => settle(tx, subject, reply));
  await db.transaction((tx) => settle(tx, subject, Buffer.from('changed')));
  const repeat = await db.transaction((tx) => once(tx, placed, () => Promise.resolve()));
  expect(repeat).toMatchObject({ kind: 'repeat', subjectId: 'o-77', reply });
});

test('an action that comes after its compensation is barred', async () => {
  const action = operation('late', { method: 'Authorize' });
  const undo = () => db.transaction((tx) => tombstone(tx, action));
  expect(await undo()).toEqual({ kind: 'never-ran' });
  expect(await undo()).toEqual({ kind: 'never-ran' });
  const late = db.transaction((tx) => once(tx, action, () => Promise.resolve()));
  await expect(late).rejects.toBeInstanceOf(OperationBarred);
});

test('a compensation learns that its action ran', async () => {
  const action = operation('early', { method: 'Authorize', subjectId: 'p-1' });
  await db.transaction((tx) => once(tx, action, () => settle(tx, action, reply)));
  const found = await db.transaction((tx) => tombstone(tx, { ...action, subjectId: 'unknown' }));
  expect(found).toMatchObject({ kind: 'ran', subjectId: 'p-1', reply });
});

test('old keys are forgotten in small batches, open ones never', async () => {
  const day = 24 * 3_600_000;
  const row = (key: string, age: number, status: 'open' | 'settled') => ({
    ...{ tenant: 'old', method: 'PlaceOrder', key, fingerprint: '', subject_id: key },
    ...{ status, created_at: new Date(Date.now() - age) },
  });
  const rows = Array.from({ length: 25 }, (_, index) => row(`old-${index}`, day + 60_000, 'settled'));
  rows.push(row('young', day - 60_000, 'settled'), row('stuck', 2 * day, 'open'));
  await db.transaction((tx) => tx.insertInto('operations').values(rows).execute());
  expect(await deleteOldOperations(db, { batchSize: 10 })).toBe(25);
  const left = await db.read((on) =>
    on.selectFrom('operations').select('key').where('tenant', '=', 'old').orderBy('key').execute(),
  );
  expect(left.map(({ key }) => key)).toEqual(['stuck', 'young']);
});
