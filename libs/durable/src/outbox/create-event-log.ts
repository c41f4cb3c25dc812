import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import { CursorOutOfRange } from './errors.ts';
import type { EventFilter, StoredEvent } from './event.ts';
import { createEventReader, type EventLogOptions } from './event-reader.ts';
import { readEvents } from './read-events.ts';

export interface TailOptions {
  /** The last position seen; 0n for all that is kept. */
  after: bigint;
  /** Ends the tail. */
  signal: AbortSignal;
  filter?: EventFilter;
}

/** The watchers' side of the outbox. */
export interface EventLog {
  /**
   * Stamped events after a position, then those to come, each once and in order. It buffers nothing: a consumer that
   * pulls slowly is served from the database. Throws CursorOutOfRange.
   */
  tail(options: TailOptions): AsyncIterable<StoredEvent>;
  /** The last position stamped. */
  head(): Promise<bigint>;
  /** Ends all tails. */
  stop(): Promise<void>;
}

const pageSize = 200;

export function createEventLog<S extends DurableTables>(options: EventLogOptions<S>): EventLog {
  const { db } = options;
  const reader = createEventReader(options);
  return {
    tail: ({ after, signal, filter }) => tail(after, AbortSignal.any([signal, reader.stopped]), filter),
    head: async () => (await readBounds(db)).position,
    stop: reader.stop,
  };

  async function* tail(
    after: bigint,
    signal: AbortSignal,
    filter?: EventFilter,
  ): AsyncGenerator<StoredEvent> {
    if (signal.aborted) return;
    const { pruned, position } = await readBounds(db);
    if (after < pruned || after > position) throw new CursorOutOfRange(after, { from: pruned, to: position });
    let cursor = after;
    const { recent, leave } = await reader.join();
    try {
      while (!signal.aborted) {
        if (recent.covers(cursor)) {
          const event = recent.next(cursor);
          if (event === undefined) await reader.moved(signal);
          else {
            cursor = event.position;
            if (filter === undefined || matches(event, filter)) yield event;
          }
        } else {
          const upTo = recent.head();
          const page = await readEvents(db, { after: cursor, upTo, filter, limit: pageSize });
          for (const event of page) {
            if (signal.aborted) return;
            yield event;
          }
          cursor = page.length < pageSize ? upTo : (page.at(-1)?.position ?? upTo);
        }
      }
    } finally {
      leave();
    }
  }
}

function matches(event: StoredEvent, { topic, tenant, aggregateId, subject }: EventFilter): boolean {
  return (
    event.topic === topic &&
    event.tenant === tenant &&
    (aggregateId === undefined || event.aggregateId === aggregateId) &&
    (subject === undefined || event.subject === subject)
  );
}

async function readBounds<S extends DurableTables>(
  db: Database<S>,
): Promise<{ position: bigint; pruned: bigint }> {
  return db.read((on) =>
    engineTables(on).selectFrom('outbox_relay').select(['position', 'pruned']).executeTakeFirstOrThrow(),
  );
}
