import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { Logger } from '../postgres/logger.ts';
import { createLoop } from '../timing/loop.ts';
import { createWakeups } from '../timing/wakeups.ts';
import { stampedChannel } from './channels.ts';
import { readEvents } from './read-events.ts';
import type { RecentEvents } from './recent-events.ts';
import { createRecentEvents } from './recent-events.ts';

export interface EventLogOptions<S extends DurableTables> {
  db: Database<S>;
  /** Longest time a tail waits for an event nobody notified us of. Default 500. */
  pollMs?: number;
  /** Events kept in memory for all tails together. Default 2,000. */
  recent?: number;
  logger?: Logger;
}

export interface EventReader {
  /** Reads for as long as anybody has joined. */
  join(): Promise<{ recent: RecentEvents; leave(): void }>;
  /** Resolves when there is more, or when the signal aborts. */
  moved(signal: AbortSignal): Promise<void>;
  readonly stopped: AbortSignal;
  stop(): Promise<void>;
}

const pageSize = 500;

/** One reader for all tails of a process. */
export function createEventReader<S extends DurableTables>(options: EventLogOptions<S>): EventReader {
  const { db, pollMs = 500, recent: capacity = 2_000, logger } = options;
  const recent = createRecentEvents(capacity);
  const stopped = new AbortController();
  const wakeups = createWakeups();
  let members = 0;
  let opening: Promise<void> | undefined;
  let stopListening: (() => void) | undefined;

  const loop = createLoop({
    pollMs,
    onError: (error) => logger?.warn({ err: error }, 'events could not be read; trying again'),
    async run() {
      if (members === 0) return false;
      const events = await readEvents(db, { after: recent.head(), limit: pageSize });
      recent.add(events);
      if (events.length > 0) wakeups.wakeAll();
      return events.length === pageSize;
    },
  });
  /** Nothing was read while nobody had joined: begin anew at the head. */
  const open = async (): Promise<void> => {
    const { position } = await db.read((on) =>
      engineTables(on).selectFrom('outbox_relay').select('position').executeTakeFirstOrThrow(),
    );
    if (position > recent.head()) recent.reset(position);
    stopListening ??= db.listen(stampedChannel, loop.wake);
    loop.start();
  };

  return {
    stopped: stopped.signal,
    async join() {
      members += 1;
      if (members === 1) opening = open();
      try {
        await opening;
      } catch (error) {
        members -= 1;
        throw error;
      }
      return { recent, leave: () => (members -= 1) };
    },
    moved: wakeups.wait,
    async stop() {
      stopped.abort();
      stopListening?.();
      await loop.stop();
    },
  };
}
