import type { Transaction } from 'kysely';
import { afterCommit } from '../postgres/after-commit.ts';
import type { Database } from '../postgres/database.ts';
import type { DurableTables } from '../postgres/durable-tables.ts';
import { WorkCancelled } from '../postgres/errors.ts';
import type { Logger } from '../postgres/logger.ts';
import type { OperationKey, OperationSubject } from './operation.ts';
import { createReplyPoll } from './reply-poll.ts';
import { settle } from './settle.ts';
import { createWaiters } from './waiters.ts';

/** Waiting for replies that other transactions will write. */
export interface Replies {
  /**
   * Resolves with the stored reply. Rejects with WorkCancelled when the signal aborts or this is stopped. The subject
   * is needed only where the reply is announced by subject.
   */
  wait(
    operation: OperationKey & { subjectId?: string },
    options?: { signal?: AbortSignal },
  ): Promise<Uint8Array>;
  /** `settle`, and hands the reply out as soon as the transaction is on disk. */
  settle<S extends DurableTables>(
    tx: Transaction<S>,
    operation: OperationKey | OperationSubject,
    reply: Uint8Array,
  ): Promise<void>;
  /** Call after the commit that settled it, with the reply if it is at hand: then nobody has to read it. */
  announce(operation: OperationKey | OperationSubject, reply?: Uint8Array): void;
  stop(): void;
}

export interface RepliesOptions<S extends DurableTables> {
  db: Database<S>;
  /** How often replies that other processes wrote are looked for, by one query for all that wait. Default 50. */
  pollMs?: number;
  logger?: Logger;
}

export function createReplies<S extends DurableTables>({
  db,
  pollMs = 50,
  logger,
}: RepliesOptions<S>): Replies {
  const waiters = createWaiters();
  const poll = createReplyPoll({ db, waiters, pollMs, logger });
  const replies: Replies = {
    async wait(operation, { signal } = {}) {
      if (signal?.aborted === true) throw new WorkCancelled(signal.reason);
      const waiter = waiters.add(operation);
      const onAbort = (): void => waiter.reject(new WorkCancelled(signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      poll.start();
      try {
        return await waiter.reply;
      } finally {
        signal?.removeEventListener('abort', onAbort);
        waiter.remove();
        if (waiters.isEmpty()) poll.stop();
      }
    },
    async settle(tx, operation, reply) {
      await settle(tx, operation, reply);
      afterCommit(tx, () => replies.announce(operation, reply));
    },
    announce(operation, reply) {
      if (reply !== undefined) waiters.resolve(operation, reply);
      else if (waiters.has(operation)) poll.now();
    },
    stop() {
      poll.stop();
      waiters.rejectAll(new WorkCancelled());
    },
  };
  return replies;
}
