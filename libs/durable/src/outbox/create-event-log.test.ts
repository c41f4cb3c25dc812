import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { CursorOutOfRange } from './errors.ts';
import type { StoredEvent } from './event.ts';
import { pruneEvents } from './prune-events.ts';
import type { OutboxRig } from './testing/outbox-rig.ts';
import { createOutboxRig, event, names, take } from './testing/outbox-rig.ts';

let rig: OutboxRig;
let db: Database<DurableTables>;
beforeAll(async () => {
  rig = await createOutboxRig();
  db = rig.db;
});
afterEach(() => rig.reset());
afterAll(() => rig.close());

describe('a tail', () => {
  test('resumes from any cursor without gap or repeat, across what is in memory and what is not', async () => {
    const running = rig.relay();
    const log = rig.eventLog(20);
    const start = await log.head();
    const wanted = Array.from({ length: 100 }, (_, index) => event('long', index + 1));
    const whole = take(log, 100, start);
    for (const each of wanted) {
      await rig.append(each);
      running.wake();
    }
    const events = await whole;
    expect(names(events)).toEqual(names(wanted));
    for (const from of [0, 1, 37, 79, 80, 81, 98]) {
      const rest = await take(log, 99 - from, events[from]?.position ?? 0n);
      expect(names(rest)).toEqual(names(wanted.slice(from + 1)));
    }
  });

  test('that is slow reads from the database and holds up nobody', async () => {
    const running = rig.relay();
    const log = rig.eventLog(10);
    const start = await log.head();
    const slow = log.tail({ after: start, signal: AbortSignal.timeout(10_000) })[Symbol.asyncIterator]();
    await rig.append(event('pace', 1));
    running.wake();
    const got: StoredEvent[] = [];
    const pull = async (): Promise<void> => {
      const { value } = await slow.next();
      if (value !== undefined) got.push(value as StoredEvent);
    };
    await pull();
    const more = Array.from({ length: 60 }, (_, index) => event('pace', index + 2));
    await rig.append(...more);
    running.wake();
    expect(await take(log, 60, got[0]?.position ?? 0n)).toHaveLength(60);
    while (got.length < 61) await pull();
    expect(got.map(({ sequence }) => Number(sequence))).toEqual(got.map((_, index) => index + 1));
    await slow.return?.();
  });

  test('gives only what its filter asks for, old and new', async () => {
    const running = rig.relay();
    const log = rig.eventLog();
    const start = await log.head();
    const filter = { topic: 'orders', tenant: 'acme', subject: 'ann' };
    const mixed = (sequence: number) => [
      event('ann', sequence, { subject: 'ann' }),
      event('bob', sequence, { subject: 'bob' }),
      event('foreign', sequence, { subject: 'ann', tenant: 'other' }),
      event('topic', sequence, { subject: 'ann', topic: 'payments' }),
    ];
    await rig.append(...mixed(1));
    running.wake();
    const watched = take(log, 2, { after: start, filter });
    await rig.append(...mixed(2));
    running.wake();
    expect(names(await watched)).toEqual(['ann 1', 'ann 2']);
    expect(names(await take(log, 2, { after: start, filter }))).toEqual(['ann 1', 'ann 2']);
    expect(
      names(await take(log, 1, { after: start, filter: { ...filter, subject: 'bob', aggregateId: 'bob' } })),
    ).toEqual(['bob 1']);
  });

  test('ends when its signal aborts', async () => {
    const abort = new AbortController();
    const log = rig.eventLog();
    const next = log
      .tail({ after: await log.head(), signal: abort.signal })
      [Symbol.asyncIterator]()
      .next();
    abort.abort();
    expect(await next).toEqual({ value: undefined, done: true });
  });

  test('refuses cursors from the future and those that were pruned', async () => {
    const running = rig.relay();
    const log = rig.eventLog();
    const start = await log.head();
    await rig.append(event('aged', 1), event('aged', 2));
    running.wake();
    const events = await take(log, 2, start);
    await expect(take(log, 1, start + 1_000n)).rejects.toBeInstanceOf(CursorOutOfRange);
    await db.read((on) =>
      sql`update outbox set created_at = now() - interval '8 days' where sequence = 1`.execute(on),
    );
    expect(await pruneEvents(db)).toBe(1);
    await expect(take(log, 1, start)).rejects.toMatchObject({ reason: 'CURSOR_OUT_OF_RANGE' });
    expect(names(await take(log, 1, events[0]?.position ?? 0n))).toEqual(['aged 2']);
  });
});
