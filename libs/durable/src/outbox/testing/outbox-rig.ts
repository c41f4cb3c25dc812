import { sql } from 'kysely';
import { createDatabase } from '../../postgres/create-database.ts';
import type { Database } from '../../postgres/database.ts';
import { durableMigrations } from '../../postgres/durable-migrations.ts';
import type { DurableTables } from '../../postgres/durable-tables.ts';
import { createTestDatabase } from '../../testing/index.ts';
import { appendEvents } from '../append-events.ts';
import type { EventLog } from '../create-event-log.ts';
import { createEventLog } from '../create-event-log.ts';
import type { Relay, RelayOptions } from '../create-relay.ts';
import { createRelay } from '../create-relay.ts';
import type { EventFilter, NewEvent, StoredEvent } from '../event.ts';

export interface OutboxRig {
  db: Database<DurableTables>;
  relay(options?: Partial<RelayOptions<DurableTables>>): Relay;
  /** `recent` events stay in memory. */
  eventLog(recent?: number): EventLog;
  append(...events: NewEvent[]): Promise<void>;
  /** Stops what was started and removes all events. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** A database, with relays and event logs that are stopped together. */
export async function createOutboxRig(): Promise<OutboxRig> {
  const scratch = await createTestDatabase(durableMigrations);
  const db = createDatabase<DurableTables>({
    url: scratch.url,
    maxConnections: 20,
    acquireTimeoutMs: 10_000,
  });
  let started: { stop(): Promise<void> }[] = [];
  return {
    db,
    relay(options = {}) {
      const relay = createRelay({ db, pollMs: 50, ...options });
      started.push(relay);
      relay.start();
      return relay;
    },
    eventLog(recent = 2_000) {
      const log = createEventLog({ db, pollMs: 50, recent });
      started.push(log);
      return log;
    },
    append: (...events) => db.transaction((tx) => appendEvents(tx, events)),
    async reset() {
      await Promise.all(started.map((each) => each.stop()));
      started = [];
      await db.read((on) => sql`truncate outbox`.execute(on));
    },
    async close() {
      await db.close();
      await scratch.drop();
    },
  };
}

export function event(aggregateId: string, sequence: number, more: Partial<NewEvent> = {}): NewEvent {
  const payload = Buffer.from(`${aggregateId} ${sequence}`);
  return {
    topic: 'orders',
    aggregateId,
    sequence: BigInt(sequence),
    type: 'Changed',
    tenant: 'acme',
    payload,
    ...more,
  };
}
/** The next `count` events of a tail. */
export async function take(
  log: EventLog,
  count: number,
  from: bigint | { after: bigint; filter: EventFilter },
): Promise<StoredEvent[]> {
  const taken: StoredEvent[] = [];
  const start = typeof from === 'bigint' ? { after: from } : from;
  for await (const each of log.tail({ ...start, signal: AbortSignal.timeout(10_000) })) {
    taken.push(each);
    if (taken.length === count) break;
  }
  return taken;
}

export const names = (events: readonly { aggregateId: string; sequence: bigint }[]): string[] =>
  events.map(({ aggregateId, sequence }) => `${aggregateId} ${sequence}`);
