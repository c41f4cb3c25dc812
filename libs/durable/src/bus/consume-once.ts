import type { Transaction } from 'kysely';
import { shareTransactions } from '../batch/share-transactions.ts';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import type { Bus, ConsumeOptions, Consumer, Event } from './bus.ts';
import { handleOnce } from './handle-once.ts';

export interface ConsumeOnceOptions<S extends DurableTables> extends ConsumeOptions {
  bus: Bus;
  db: Database<S>;
  group: string;
  topics: readonly string[];
  /** May run again when the transaction does. */
  effect(tx: Transaction<S>, event: Event): Promise<void>;
}

/** Consumes events with an effect in a database: once each, and those that come together in one transaction. */
export function consumeOnce<S extends DurableTables>(options: ConsumeOnceOptions<S>): Consumer {
  const { bus, db, group, topics, effect, ...rest } = options;
  const transactions = shareTransactions(db);
  return bus.consume(
    group,
    topics,
    async (event, { signal }) => {
      const { id: eventId, topic, key } = event;
      const work = (tx: Transaction<S>) => handleOnce(tx, { group, eventId }, () => effect(tx, event));
      await transactions.run(work, { apart: JSON.stringify([topic, key]), signal });
    },
    // Enough for full transactions.
    { concurrency: 128, ...rest },
  );
}
