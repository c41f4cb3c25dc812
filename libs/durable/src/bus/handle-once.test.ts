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
import { ifNews } from './if-news.ts';

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

test('an effect that is one statement for many events happens once for each, however parallel', async () => {
  const effect = (...eventIds: string[]) =>
    db.read((on) =>
      ifNews(on, { group: 'statement', eventIds })
        .insertInto('operations')
        .columns(['tenant', 'method', 'key', 'fingerprint', 'subject_id', 'status'])
        .expression(({ selectFrom }) =>
          selectFrom('news').select(({ val, ref, fn }) => [
            ...[val('t').as('tenant'), val('m').as('method'), fn<string>('gen_random_uuid').as('key')],
            ...[
              val('f').as('fingerprint'),
              ref('event_id').as('subject_id'),
              val('open' as const).as('status'),
            ],
          ]),
        )
        .executeTakeFirst(),
    );
  await Promise.all(Array.from({ length: 8 }, () => effect('e', 'f')));
  await effect('f', 'g', 'g');
  const made = await db.read((on) =>
    on.selectFrom('operations').select('subject_id').orderBy('subject_id').execute(),
  );
  expect(made.map(({ subject_id }) => subject_id)).toEqual(['e', 'f', 'g']);
});

test('what was handled long ago is forgotten', async () => {
  await db.read((on) => sql`update inbox set handled_at = now() - interval '8 days'`.execute(on));
  await handle('young', () => Promise.resolve());
  expect(await deleteOldInbox(db, { batchSize: 1 })).toBe(6);
});
