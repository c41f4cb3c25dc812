import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createDatabase, type Database } from '@millrace/durable';
import {
  createHttpClient,
  createObservations,
  createOrderSender,
  createStreamClient,
  INVARIANTS,
  openBooks,
  planOrders,
  takeOrders,
  untilAtRest,
  type Books,
  type OpenBooks,
} from '@millrace/demo';
import { sql } from 'kysely';
import { startScratchSystem, type ScratchSystem } from './support/scratch-system.ts';

// Whole systems start here; a busy machine needs its time.
jest.setTimeout(120_000);

let system: ScratchSystem;
let books: OpenBooks;
let orders: Database<unknown>;
let payments: Database<unknown>;
const observed = createObservations();

beforeAll(async () => {
  system = await startScratchSystem({ LOG_LEVEL: 'warn' });
  const { databaseUrl: url, addresses } = system;
  books = openBooks({ orders: url('orders'), payments: url('payments') }, observed);
  [orders, payments] = [url('orders'), url('payments')].map((one) =>
    createDatabase<unknown>({ url: one }),
  ) as [Database<unknown>, Database<unknown>];
  const http = createHttpClient({
    baseUrl: addresses.http,
    token: (subject) => system.token(subject, 'customer'),
    connections: 16,
  });
  const stream = createStreamClient({
    address: addresses.grpc,
    token: await system.token('importer', 'importer'),
  });
  const clients = { http, stream };
  const sender = createOrderSender(observed);
  expect(await takeOrders(planOrders(40, 5), { clients, sender, concurrency: 16 })).toEqual([]);
  await untilAtRest(books);
  await Promise.all([http.close(), stream.close()]);
  // From here on nobody repairs or reacts: the databases are ours.
  await Promise.all([system.kill('order'), system.kill('payment'), system.kill('gateway')]);
});
afterAll(async () => {
  await Promise.all([books?.close(), orders?.close(), payments?.close()]);
  await system?.stop();
});

const check = async (id: string, seen: Books = books) => {
  const invariant = INVARIANTS.find((one) => one.id === id);
  return invariant?.check(seen);
};

class Undone extends Error {}

/** Does something to a database, checks, and takes it back. The check must see it: it runs on the same transaction. */
async function planted(
  where: 'orders' | 'payments',
  statements: readonly string[],
  id: string,
): Promise<unknown> {
  let found: unknown;
  const work = (where === 'orders' ? orders : payments).transaction(async (tx) => {
    for (const statement of statements) await sql.raw(statement).execute(tx);
    const ledger = { rows: async <T>(query: ReturnType<typeof sql<T>>) => (await query.execute(tx)).rows };
    found = await check(id, { ...books, [where]: ledger });
    throw new Undone('rolled back');
  });
  await expect(work).rejects.toThrow();
  return found;
}

const CONFIRMED = `(SELECT id FROM orders WHERE status = 'CONFIRMED' ORDER BY id LIMIT 1)`;
const CAPTURED = `(SELECT l.* FROM provider.ledger l WHERE kind = 'capture' ORDER BY payment_id LIMIT 1)`;

test('the books of an honest run are in order', async () => {
  for (const { id } of INVARIANTS)
    expect([id, await check(id)]).toEqual([id, expect.objectContaining({ ok: true })]);
});

describe('a planted violation is caught:', () => {
  test.each<[string, 'orders' | 'payments', string, string[], RegExp]>([
    [
      'a lost order',
      'orders',
      'I1',
      [`DELETE FROM order_lines WHERE order_id = ${CONFIRMED}`, `DELETE FROM orders WHERE id = ${CONFIRMED}`],
      /does not exist/,
    ],
    [
      'a changed outcome',
      'orders',
      'I1',
      [`UPDATE orders SET status = 'REJECTED' WHERE id = ${CONFIRMED}`],
      /was acknowledged CONFIRMED and is REJECTED/,
    ],
    [
      'an order without a key',
      'orders',
      'I1',
      [`DELETE FROM operations WHERE method = 'PlaceOrder' AND subject_id = ${CONFIRMED}::text`],
      /orders stand against/,
    ],
    [
      'a double charge',
      'payments',
      'I2',
      [
        'ALTER TABLE provider.ledger DROP CONSTRAINT ledger_payment_id_kind_key',
        'DROP INDEX provider.ledger_capture_or_void',
        `INSERT INTO provider.ledger (key, kind, charge_reference, payment_id, amount_minor, currency, outcome)
           SELECT key || '-again', kind, charge_reference, payment_id, amount_minor, currency, outcome FROM ${CAPTURED} c`,
      ],
      /was charged 2 times/,
    ],
    [
      'a charge of a penny too much',
      'payments',
      'I3',
      [
        `UPDATE provider.ledger SET amount_minor = amount_minor + 1 WHERE key = (SELECT key FROM ${CAPTURED} c)`,
      ],
      /order .*: GBP .* paid, GBP .* confirmed/,
    ],
    [
      'a charge that belongs to no order',
      'payments',
      'I3',
      [
        `INSERT INTO provider.ledger (key, kind, charge_reference, payment_id, amount_minor, currency, outcome)
           VALUES ('stray', 'capture', 'ch', gen_random_uuid(), 500, 'GBP', 'approved')`,
      ],
      /GBP 5\.00 paid for payment .*, which is no order/,
    ],
    [
      'a confirmed order that was refunded',
      'orders',
      'I4',
      [`UPDATE orders SET status = 'CONFIRMED' WHERE status = 'CANCELLED'`],
      /is confirmed and has a refund/,
    ],
    [
      'a saga that hangs',
      'orders',
      'I5',
      [
        `UPDATE saga SET state = 'running', next_at = now() WHERE id = (SELECT id FROM saga ORDER BY id LIMIT 1)`,
      ],
      /is running at step/,
    ],
    [
      'a gap in an order’s sequence',
      'orders',
      'I6',
      [`DELETE FROM outbox WHERE aggregate_id = ${CONFIRMED}::text AND sequence = 2`],
      /events up to sequence/,
    ],
    [
      'an event that was never published',
      'orders',
      'I6',
      [`UPDATE outbox SET position = NULL WHERE id = (SELECT max(id) FROM outbox)`],
      /1 events of orders are not published/,
    ],
    [
      'an effect that did not happen',
      'orders',
      'I6',
      [`UPDATE orders SET payment_status = NULL WHERE id = ${CONFIRMED}`],
      /believes null, not CAPTURED/,
    ],
    [
      'an event that was handled by nobody',
      'orders',
      'I6',
      [`DELETE FROM inbox WHERE event_id = (SELECT min(event_id) FROM inbox)`],
      /payment events were sent and/,
    ],
    [
      'a stored reply that was never given',
      'orders',
      'I7',
      [
        `UPDATE operations SET reply = (SELECT reply FROM operations WHERE method = 'PlaceOrder' AND subject_id <> ${CONFIRMED}::text LIMIT 1)
           WHERE method = 'PlaceOrder' AND subject_id = ${CONFIRMED}::text`,
      ],
      /was answered otherwise than stored/,
    ],
  ])('%s', async (_name, where, id, statements, detail) => {
    expect(await planted(where, statements, id)).toEqual({
      ok: false,
      detail: expect.stringMatching(detail),
    });
  });

  test('two replies for one key', async () => {
    const answers = new Map(observed.answers);
    const [first, second] = [...answers];
    if (!first || !second) throw new Error('no answers');
    answers.set(first[0], [...first[1], ...second[1]]);
    const seen = { ...books, observed: { ...observed, answers } };
    expect(await check('I7', seen)).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/different replies/),
    });
  });

  test('a call that outlived its deadline', async () => {
    const lateCalls = [{ what: 'PlaceOrder x', deadlineMs: 500, tookMs: 801 }];
    const seen = { ...books, observed: { ...observed, lateCalls } };
    expect(await check('I8', seen)).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/801 ms.*500 ms/),
    });
  });
});
