import type { Database } from '../../postgres/database.ts';
import type { BusTables } from './bus-tables.ts';
import type { Claimed } from './delivery-store.ts';
import { acknowledge } from './delivery-store.ts';

/** What was handled and is not yet written; one statement writes all of it. */
export function createAcknowledgements(db: Database<BusTables>, group: string) {
  let done: Claimed[] = [];
  return {
    add: (claimed: Claimed): void => {
      done.push(claimed);
    },
    async flush(): Promise<void> {
      const batch = done;
      done = [];
      if (batch.length === 0) return;
      try {
        await db.read((on) => acknowledge(on, group, batch));
      } catch (error) {
        done = [...batch, ...done];
        throw error;
      }
    },
  };
}
