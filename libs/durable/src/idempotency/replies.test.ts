import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Database, DurableTables } from '../index.ts';
import { createDatabase, durableMigrations } from '../index.ts';
import type { TestDatabase } from '../testing/index.ts';
import { createTestDatabase } from '../testing/index.ts';
import { WorkCancelled } from '../postgres/errors.ts';
import { once } from './once.ts';
import type { Replies } from './replies.ts';
import { createReplies } from './replies.ts';
import { settle } from './settle.ts';

let scratch: TestDatabase;
let db: Database<DurableTables>;
let replies: Replies;
let reads: number;
beforeAll(async () => {
  scratch = await createTestDatabase(durableMigrations);
  db = createDatabase({ url: scratch.url });
});
afterAll(async () => {
  await db.close();
  await scratch.drop();
});
beforeEach(() => {
  reads = 0;
  const counting: Database<DurableTables> = {
    ...db,
    read: (work, options) => {
      reads += 1;
      return db.read(work, options);
    },
  };
  replies = createReplies({ db: counting, pollMs: 20 });
});
afterEach(() => replies.stop());

const named = (key: string) => ({ tenant: 'acme', method: 'PlaceOrder', key });
const reply = Buffer.from('confirmed');

async function begin(key: string): Promise<void> {
  const operation = { ...named(key), fingerprint: '', subjectId: `order-of-${key}` };
  await db.transaction((tx) => once(tx, operation, () => Promise.resolve()));
}

test('one poll serves all who wait for replies that other processes write', async () => {
  const keys = Array.from({ length: 50 }, (_, index) => `polled-${index}`);
  for (const key of keys) await begin(key);
  const waiting = keys.map((key) => replies.wait(named(key)));
  const began = performance.now();
  await db.transaction(async (tx) => {
    for (const key of keys) await settle(tx, named(key), reply);
  });
  for (const got of await Promise.all(waiting)) expect(Buffer.from(got).toString()).toBe('confirmed');
  expect(reads).toBeLessThanOrEqual((performance.now() - began) / 20 + 2);
});

test('an announced reply arrives without reading, by key or by subject', async () => {
  const byKey = replies.wait(named('announced'));
  const bySubject = replies.wait({ ...named('other'), subjectId: 'o-9' });
  replies.announce(named('announced'), reply);
  replies.announce({ tenant: 'acme', method: 'PlaceOrder', subjectId: 'o-9' }, reply);
  expect(await Promise.all([byKey, bySubject])).toEqual([reply, reply]);
  expect(reads).toBe(0);
});

test('an announcement without the reply makes the poll come at once', async () => {
  const slow = createReplies({ db, pollMs: 600_000 });
  await begin('nudged');
  const waiting = slow.wait(named('nudged'));
  await db.transaction((tx) => settle(tx, named('nudged'), reply));
  slow.announce(named('nudged'));
  expect(await waiting).toEqual(reply);
  slow.stop();
});

test('a waiter leaves when its signal aborts or the replies are stopped', async () => {
  const abort = new AbortController();
  const aborted = replies.wait(named('never'), { signal: abort.signal });
  const stopped = replies.wait(named('never'));
  abort.abort();
  await expect(aborted).rejects.toBeInstanceOf(WorkCancelled);
  replies.stop();
  await expect(stopped).rejects.toBeInstanceOf(WorkCancelled);
});
