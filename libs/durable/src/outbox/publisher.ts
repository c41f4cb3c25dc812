import type { Bus, Event } from '../bus/bus.ts';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { Loop } from '../timing/loop.ts';
import { createLoop } from '../timing/loop.ts';
import type { StoredEvent } from './event.ts';
import { readEvents } from './read-events.ts';
import type { RelayLease } from './relay-lease.ts';
import { markPublished, publishedPosition } from './relay-store.ts';

interface PublisherOptions<S extends DurableTables> {
  db: Database<S>;
  bus: Bus;
  batchSize: number;
  pollMs: number;
  spacingMs: () => number;
  lease: Pick<RelayLease, 'token'>;
  onError(error: unknown): void;
  probe?(point: 'published'): Promise<void> | void;
}

/**
 * Publishes stamped events in order, and notes how far it came. It has a loop of its own, so that watchers get their
 * events while the bus is down.
 */
export function createPublisher<S extends DurableTables>(options: PublisherOptions<S>): Loop {
  const { db, bus, batchSize, pollMs, spacingMs, onError } = options;
  return createLoop({
    ...{ pollMs, spacingMs, onError },
    async run() {
      const { token } = options.lease;
      if (token === undefined) return false;
      const after = await db.read((on) => publishedPosition(engineTables(on)));
      const events = await readEvents(db, { after, limit: batchSize });
      const last = events.at(-1);
      if (last === undefined) return false;
      await bus.publish(events.map(toBusEvent));
      await options.probe?.('published');
      await db.read((on) => markPublished(engineTables(on), token, last.position));
      return events.length === batchSize;
    },
  });
}

/** The id says which event it is, not which attempt, so that the bus and its consumers can tell repeats. */
function toBusEvent({ aggregateId, position: _, ...event }: StoredEvent): Event {
  return { ...event, key: aggregateId, id: `${event.topic}/${aggregateId}/${event.sequence}` };
}
