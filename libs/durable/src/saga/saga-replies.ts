import type { Transaction } from 'kysely';
import type { Replies } from '../idempotency/replies.ts';
import type { OperationKey, OperationSubject } from '../idempotency/operation.ts';
import { settle } from '../idempotency/settle.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';

/** Replies that sagas settle, handed out when the saga has ended: then they are on disk. */
export interface SagaReplies {
  /** `settle` for one attempt at a step of the saga. Forgets what an attempt before has settled: that was rolled back. */
  settling<S extends DurableTables>(
    tx: Transaction<S>,
    sagaId: string,
  ): (operation: OperationKey | OperationSubject, reply: Uint8Array) => Promise<void>;
  /** The runner's `onEnded`. */
  ended(saga: { id: string }): void;
}

/** So many are left behind by sagas that other processes took over; polling finds their replies. */
const mostSettled = 1_000;

export function createSagaReplies(replies: Pick<Replies, 'announce'>): SagaReplies {
  const settled = new Map<string, (() => void)[]>();
  return {
    settling(tx, sagaId) {
      const announcements: (() => void)[] = [];
      if (settled.size > mostSettled) settled.clear();
      settled.set(sagaId, announcements);
      return async (operation, reply) => {
        await settle(tx, operation, reply);
        announcements.push(() => replies.announce(operation, reply));
      };
    },
    ended({ id }) {
      for (const announce of settled.get(id) ?? []) announce();
      settled.delete(id);
    },
  };
}
