import { sql } from 'kysely';
import { createDatabase } from '../../postgres/create-database.ts';
import type { Database } from '../../postgres/database.ts';
import { createLoop } from '../../timing/loop.ts';
import type { Bus, BusOptions, Consumer } from '../bus.ts';
import type { BusTables } from './bus-tables.ts';
import { createBusTables } from './bus-tables.ts';
import { createConsumer } from './create-consumer.ts';
import { createDeadLetters } from './dead-letters.ts';
import { publish } from './publish.ts';

const dayMs = 24 * 3_600_000;
const pruneEveryMs = 60_000;
const pruneBatch = 1_000;

/**
 * Queues grow from nothing to a backlog faster than statistics follow, and a plan made for an empty table reads all of the
 * backlog for each claim. By index and in order is right for both.
 */
const settings = { enable_seqscan: 'off', enable_bitmapscan: 'off', enable_sort: 'off' };

/** The bus on a PostgreSQL database of its own: no broker to run, and durable when `publish` resolves. */
export async function createPostgresBus(url: string, options: BusOptions): Promise<Bus> {
  const { logger, keepMs = dayMs, pollMs = 500 } = options;
  const db = createDatabase<BusTables>({
    ...{ url, settings, applicationName: 'millrace-bus' },
    ...(logger && { logger }),
  });
  try {
    await db.transaction(createBusTables);
  } catch (error) {
    await db.close();
    throw error;
  }
  const consumers: Consumer[] = [];
  const janitor = createLoop({
    pollMs: pruneEveryMs,
    run: async () => (await prune(db, keepMs)) === pruneBatch,
    onError: (error) => logger?.warn({ err: error }, 'old bus events could not be removed; trying again'),
  });
  janitor.start();
  return {
    publish: async (events) => {
      if (events.length > 0) await db.transaction((tx) => publish(tx, events));
    },
    consume(...[group, topics, handler, consumeOptions]: Parameters<Bus['consume']>) {
      const consumer = createConsumer({ db, group, topics, handler, pollMs, logger, ...consumeOptions });
      consumers.push(consumer);
      return consumer;
    },
    dead: createDeadLetters(db),
    async close() {
      await Promise.all([janitor.stop(), ...consumers.map((each) => each.stop())]);
      await db.close();
    },
  };
}

/** Removes events that every group has handled and whose time is over. */
async function prune(db: Database<BusTables>, keepMs: number): Promise<number> {
  const { numAffectedRows } = await db.read((on) =>
    sql`delete from bus_event where id in (
      select id from bus_event as event where published_at < now() - ${keepMs} * interval '1 ms'
        and not exists (select from bus_delivery where event_id = event.id)
        and not exists (select from bus_dead where event_id = event.id)
      limit ${pruneBatch})`.execute(on),
  );
  return Number(numAffectedRows);
}
