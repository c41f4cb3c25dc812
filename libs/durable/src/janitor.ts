import { deleteOldInbox } from './bus/delete-old-inbox.ts';
import { deleteOldOperations } from './idempotency/delete-old-operations.ts';
import { pruneEvents } from './outbox/prune-events.ts';
import type { Database } from './postgres/database.ts';
import type { DurableTables } from './postgres/durable-tables.ts';
import type { Logger } from './postgres/logger.ts';
import { createLoop, type Loop } from './timing/loop.ts';

export interface JanitorOptions<S extends DurableTables> {
  db: Database<S>;
  /** Time between two rounds. Default one minute. */
  everyMs?: number;
  /** How long keys and their replies are remembered. Default 24 hours. */
  keepOperationsMs?: number;
  /** How long published and handled events are kept. Default 7 days. */
  keepEventsMs?: number;
  logger?: Logger;
}

/** Forgets what nobody will ask for any more, in small transactions. Any number of processes may run one. */
export function createJanitor<S extends DurableTables>(
  options: JanitorOptions<S>,
): Pick<Loop, 'start' | 'stop'> {
  const { db, everyMs = 60_000, keepOperationsMs, keepEventsMs, logger } = options;
  const operations = keepOperationsMs === undefined ? {} : { olderThanMs: keepOperationsMs };
  const events = keepEventsMs === undefined ? {} : { olderThanMs: keepEventsMs };
  return createLoop({
    pollMs: everyMs,
    spacingMs: () => everyMs,
    async run() {
      await deleteOldOperations(db, operations);
      await pruneEvents(db, events);
      await deleteOldInbox(db, events);
      return false;
    },
    onError: (error) => logger?.warn({ err: error }, 'old rows could not be removed; trying again'),
  });
}
