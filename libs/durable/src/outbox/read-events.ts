import type { Selectable } from 'kysely';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { engineTables } from '../postgres/engine-tables.ts';
import type { EventFilter, StoredEvent } from './event.ts';

export interface EventPage {
  after: bigint;
  /** Included. Default: all that are stamped. */
  upTo?: bigint;
  filter?: EventFilter | undefined;
  limit: number;
}

/** Stamped events in the order of their positions. */
export async function readEvents<S extends DurableTables>(
  db: Database<S>,
  { after, upTo, filter, limit }: EventPage,
  signal?: AbortSignal,
): Promise<StoredEvent[]> {
  const rows = await db.read(
    (on) => {
      let query = engineTables(on).selectFrom('outbox').selectAll().where('position', '>', after);
      if (upTo !== undefined) query = query.where('position', '<=', upTo);
      if (filter !== undefined) {
        query = query.where('topic', '=', filter.topic).where('tenant', '=', filter.tenant);
        if (filter.aggregateId !== undefined) query = query.where('aggregate_id', '=', filter.aggregateId);
        if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
      }
      return query.orderBy('position').limit(limit).execute();
    },
    signal === undefined ? {} : { signal },
  );
  return rows.map(toStoredEvent);
}

function toStoredEvent(row: Selectable<DurableTables['outbox']>): StoredEvent {
  const { topic, sequence, type, tenant, payload, position, subject, trace } = row;
  return {
    ...{ topic, aggregateId: row.aggregate_id, sequence, type, tenant, payload, time: row.created_at },
    position: position ?? 0n,
    ...(subject === null ? {} : { subject }),
    ...(trace === null ? {} : { trace }),
  };
}
