import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { createDatabase } from '../postgres/create-database.ts';
import type { Database } from '../postgres/database.ts';
import { durableMigrations } from '../postgres/durable-migrations.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { TestDatabase } from '../testing/index.ts';
import { createTestDatabase } from '../testing/index.ts';
import { deleteOldInbox } from './delete-old-inbox.ts';
import { handleOnce } from './handle-once.ts';

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

const handle = (group: string, effect: () => Promise<void>) =>
  db.transaction((tx) => handleOnce(tx, { group, eventId: 'orders/o-1/1' }, effect));

test('the effect of an event happens once a group, however often and however parallel it is delivered', async () => {
  let effects = 0;
  const effect = (): Promise<void> => {
    effects += 1;
    return Promise.resolve();
  };
  const results = await Promise.all(Array.from({ length: 8 }, () => handle('mails', effect)));
  expect(effects).toBe(1);
  expect(results.filter((result) => result === 'handled')).toHaveLength(1);
  expect(await handle('reports', effect)).toBe('handled');
});

test('an effect that fails is not remembered as handled', async () => {
  await expect(handle('failing', () => Promise.reject(new Error('later')))).rejects.toThrow('later');
  expect(await handle('failing', () => Promise.resolve())).toBe('handled');
});

test('of many events in one transaction each is handled once, however often it is there', async () => {
  const effects: string[] = [];
  const all = (...eventIds: string[]) =>
    db.transaction((tx) =>
      Promise.all(
        eventIds.map((eventId) =>
          handleOnce(tx, { group: 'many', eventId }, async () => void effects.push(eventId)),
        ),
      ),
    );
  await Promise.all(Array.from({ length: 8 }, (_, at) => (at % 2 ? all('e', 'f') : all('f', 'e'))));
  expect(await all('f', 'g', 'g')).toEqual(['repeat', 'handled', 'repeat']);
  expect(effects.toSorted()).toEqual(['e', 'f', 'g']);
});

test('what was handled long ago is forgotten', async () => {
  await db.read((on) => sql`update inbox set handled_at = now() - interval '8 days'`.execute(on));
  await handle('young', () => Promise.resolve());
  expect(await deleteOldInbox(db, { batchSize: 1 })).toBe(6);
});
