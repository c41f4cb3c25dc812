import { sql } from 'kysely';
import type { Database } from '../../postgres/database.ts';
import type { Bus, DeadLetter } from '../bus.ts';
import type { BusTables } from './bus-tables.ts';
import type { EventColumns } from './event-columns.ts';
import { toEvent } from './event-columns.ts';
import { deliveryChannel } from './publish.ts';

type Row = EventColumns & { letter: bigint; group: string; attempts: number; error: string; died_at: Date };

/** What could not be handled, for a person to look at, to try again or to drop. */
export function createDeadLetters(db: Database<BusTables>): Bus['dead'] {
  return {
    async list({ group, limit = 100, after = '0' } = {}) {
      const { rows } = await db.read((on) =>
        sql<Row>`select dead.id as letter, consumer_group as "group", attempts, error, died_at, event.*
          from bus_dead as dead join bus_event as event on event.id = event_id
          where dead.id > ${after}::bigint and consumer_group = coalesce(${group ?? null}, consumer_group)
          order by dead.id limit ${limit}`.execute(on),
      );
      return rows.map((row): DeadLetter => ({
        id: row.letter.toString(),
        group: row.group,
        event: toEvent(row),
        attempts: row.attempts,
        error: row.error,
        diedAt: row.died_at,
      }));
    },
    async replay(ids) {
      const { rows } = await db.read((on) =>
        sql`with risen as (delete from bus_dead where id = any(${[...ids]}::bigint[]) returning id, consumer_group, event_id),
          delivered as (
            insert into bus_delivery (consumer_group, event_id, lane)
            select consumer_group, event_id, topic || '/' || key
            from risen join bus_event on bus_event.id = event_id order by risen.id returning 1)
          select pg_notify(${deliveryChannel}, '') from delivered`.execute(on),
      );
      return rows.length;
    },
    async drop(ids) {
      const { numAffectedRows } = await db.read((on) =>
        sql`delete from bus_dead where id = any(${[...ids]}::bigint[])`.execute(on),
      );
      return Number(numAffectedRows);
    },
  };
}
