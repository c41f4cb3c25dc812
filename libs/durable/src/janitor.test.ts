import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createDatabase, createJanitor, createRelay, durableMigrations } from './index.ts';
import { appendEvents, handleOnce, once, settle, type Database, type DurableTables } from './index.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let scratch: TestDatabase;
let db: Database<DurableTables>;
beforeAll(async () => {
  scratch = await createTestDatabase(durableMigrations);
  db = createDatabase({ url: scratch.url });
});
afterAll(async () => {
  await db.close();
  await scratch.drop();
});

const counts = () =>
  db.read(async (on) => ({
    operations: (await on.selectFrom('operations').select('key').execute()).map(({ key }) => key),
    events: (await on.selectFrom('outbox').select('sequence').execute()).length,
    inbox: (await on.selectFrom('inbox').select('event_id').execute()).length,
  }));

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

test('what is over is forgotten; what is not answered or not published stays', async () => {
  const operation = { tenant: 'acme', method: 'PlaceOrder', fingerprint: 'f', subjectId: 'o' };
  const event = {
    topic: 'orders',
    aggregateId: 'o',
    type: 'Placed',
    tenant: 'acme',
    payload: Buffer.from('x'),
  };
  await db.transaction(async (tx) => {
    for (const key of ['answered', 'open']) await once(tx, { ...operation, key }, () => Promise.resolve());
    await settle(tx, { ...operation, key: 'answered' }, Buffer.from('reply'));
    await appendEvents(tx, [{ ...event, sequence: 1n }]);
    await handleOnce(tx, { group: 'billing', eventId: 'e' }, () => Promise.resolve());
  });
  const janitor = createJanitor({ db, everyMs: 10, keepOperationsMs: 0, keepEventsMs: 0 });
  janitor.start();
  await until(async () => (await counts()).inbox === 0);
  expect(await counts()).toMatchObject({ operations: ['open'], events: 1 });

  const relay = createRelay({ db });
  relay.start();
  await until(async () => (await counts()).events === 0);
  expect((await counts()).operations).toEqual(['open']);
  await Promise.all([relay.stop(), janitor.stop()]);
});

test('by default nothing young is touched', async () => {
  await db.transaction((tx) =>
    handleOnce(tx, { group: 'billing', eventId: 'young' }, () => Promise.resolve()),
  );
  const janitor = createJanitor({ db });
  janitor.start();
  await janitor.stop();
  expect((await counts()).inbox).toBe(1);
});
